package dev.weir.engine.tokenizer;

/**
 * One prompt as its text encoder reads it.
 *
 * @param ids special tokens and padding included
 * @param cut the end of the prompt that is past the length, decoded from its tokens; empty where nothing is
 * @param own how many of the ids are no padding
 */
public record Tokens(long[] ids, String cut, int own) {

    /** Without padding. */
    public Tokens(long[] ids, String cut) {
        this(ids, cut, ids.length);
    }
}
