package dev.weir.engine.tokenizer;

/**
 * Reads prompts in lower case, without the spaces around them, as pipelines do whose text encoder was trained on such captions.
 *
 * @param tokenizer which it closes
 */
public record LoweringTokenizer(Tokenizer tokenizer) implements Tokenizer {

    @Override
    public Tokens encode(String prompt) {
        return tokenizer.encode(PythonText.stripStart(PythonText.stripEnd(PythonText.lower(prompt))));
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
