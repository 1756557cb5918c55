package dev.weir.engine.tokenizer;

/**
 * Reads prompts as captions of web pages that were cleaned, as pipelines do whose network was trained with such captions.
 *
 * @param tokenizer which it closes
 */
public record CleaningTokenizer(Tokenizer tokenizer) implements Tokenizer {

    @Override
    public Tokens encode(String prompt) {
        return tokenizer.encode(CaptionCleaner.clean(prompt));
    }

    @Override
    public long[] words(String text) {
        return tokenizer.words(PythonText.lower(text));
    }

    @Override
    public Marks marks() {
        return tokenizer.marks();
    }

    @Override
    public boolean endsWord(long id) {
        return tokenizer.endsWord(id);
    }

    @Override
    public int length() {
        return tokenizer.length();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
