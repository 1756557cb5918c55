package dev.weir.bench.engines;

import dev.weir.engine.tokenizer.Marks;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokens;
import java.util.stream.LongStream;

/** Every prompt is the same ids, so that a text encoder's time has no tokenizer in it, as other programs' have none. Any thread. */
record ReadPrompt(int tokens) implements Tokenizer {

    /** Vocabularies begin with special tokens. */
    private static final long FIRST = 5;

    @Override
    public Tokens encode(String prompt) {
        return new Tokens(LongStream.range(FIRST, FIRST + tokens).toArray(), "");
    }

    @Override
    public long[] words(String text) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Marks marks() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean endsWord(long id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int length() {
        return tokens;
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
