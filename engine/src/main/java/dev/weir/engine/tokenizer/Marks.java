package dev.weir.engine.tokenizer;

import java.util.OptionalLong;

/**
 * The special tokens that a text encoder was trained with.
 *
 * @param pad fills up to the length; empty in families that do not pad
 */
public record Marks(long start, long end, OptionalLong pad) {}
