package dev.weir.engine.tokenizer;

/**
 * One prompt as its text encoder reads it.
 *
 * @param ids special tokens and padding included
 * @param cut the end of the prompt that is past the length, decoded from its tokens; empty where nothing is
 */
public record Tokens(long[] ids, String cut) {}
