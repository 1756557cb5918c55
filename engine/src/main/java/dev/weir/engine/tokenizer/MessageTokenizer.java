package dev.weir.engine.tokenizer;

import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Prompts as messages of a user to a language model, without padding. One that is too long loses its end, and what the template puts
 * behind it. Any thread, until closed.
 *
 * @param encoder which it closes
 */
record MessageTokenizer(Encoder encoder, ChatTemplate template, int length) implements Tokenizer {

    @Override
    public Tokens encode(String prompt) {
        long[] ids = encoder.encode(template.before() + prompt + template.after());
        if (ids.length <= length) {
            return new Tokens(ids, "");
        }
        String cut = encoder.decode(Arrays.copyOfRange(ids, length, ids.length));
        return new Tokens(Arrays.copyOf(ids, length), ofPrompt(cut.strip()));
    }

    /** What a prompt loses: of the end of a message, what is before the template's part. */
    private String ofPrompt(String cut) {
        String after = template.after().strip();
        return cut.endsWith(after) ? cut.substring(0, cut.length() - after.length()) : "";
    }

    @Override
    public long[] words(String text) {
        return encoder.encode(text);
    }

    @Override
    public Marks marks() {
        long[] empty = encoder.encode(template.before() + template.after());
        return new Marks(empty[0], empty[empty.length - 1], OptionalLong.empty());
    }

    @Override
    public boolean endsWord(long id) {
        return false;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
