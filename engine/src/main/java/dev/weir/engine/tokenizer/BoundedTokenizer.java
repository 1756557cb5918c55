package dev.weir.engine.tokenizer;

import java.util.Arrays;
import java.util.OptionalLong;

/** Cuts what is too long for the text encoder, and pads where its family does. Any thread, until closed. */
final class BoundedTokenizer implements Tokenizer {

    private final Encoder encoder;
    private final TokenVectors vectors;
    private final int length;
    private final OptionalLong padId;

    /** @param padId fills up to the length; empty: nothing does */
    BoundedTokenizer(Encoder encoder, TokenVectors vectors, int length, OptionalLong padId) {
        this.encoder = encoder;
        this.vectors = vectors;
        this.length = length;
        this.padId = padId;
    }

    @Override
    public Tokens encode(String prompt) {
        long[] ids = expanded(prompt);
        return ids.length > length ? cut(ids) : new Tokens(padded(ids), "", ids.length);
    }

    private long[] expanded(String prompt) {
        long[] ids = encoder.encode(prompt);
        String expanded = vectors.expand(prompt, ids);
        return expanded.equals(prompt) ? ids : encoder.encode(expanded);
    }

    @Override
    public long[] words(String text) {
        long[] ids = expanded(text);
        int before = encoder.encode("").length - 1; // T5 has no mark before the text
        return Arrays.copyOfRange(ids, before, ids.length - 1);
    }

    @Override
    public Marks marks() {
        long[] empty = encoder.encode("");
        return new Marks(empty[0], empty[empty.length - 1], padId);
    }

    @Override
    public boolean endsWord(long id) {
        return encoder.endsWord(id);
    }

    private Tokens cut(long[] ids) {
        long[] kept = Arrays.copyOf(ids, length);
        kept[length - 1] = ids[ids.length - 1];
        return new Tokens(kept, encoder.decode(Arrays.copyOfRange(ids, length - 1, ids.length - 1)));
    }

    private long[] padded(long[] ids) {
        if (padId.isEmpty()) {
            return ids;
        }
        long[] padded = Arrays.copyOf(ids, length);
        Arrays.fill(padded, ids.length, length, padId.getAsLong());
        return padded;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
