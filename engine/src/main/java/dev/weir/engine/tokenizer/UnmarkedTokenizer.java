package dev.weir.engine.tokenizer;

import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Prompts without tokens before and after their words, filled up to the length. Any thread, until closed.
 *
 * @param encoder which it closes
 * @param lowers whether it reads prompts in lower case
 * @param pad fills up to the length
 */
record UnmarkedTokenizer(Encoder encoder, boolean lowers, int length, long pad) implements Tokenizer {

    @Override
    public Tokens encode(String prompt) {
        long[] ids = words(prompt);
        long[] padded = Arrays.copyOf(ids, length);
        if (ids.length > length) {
            return new Tokens(padded, encoder.decode(Arrays.copyOfRange(ids, length, ids.length)));
        }
        Arrays.fill(padded, ids.length, length, pad);
        return new Tokens(padded, "", ids.length);
    }

    @Override
    public long[] words(String text) {
        return text.isEmpty() ? new long[0] : encoder.encode(lowers ? PythonText.lower(text) : text);
    }

    @Override
    public Marks marks() {
        return new Marks(pad, pad, OptionalLong.of(pad));
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
