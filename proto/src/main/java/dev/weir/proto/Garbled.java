package dev.weir.proto;

/** A frame that could not be read, and why. The receiver counts and drops it. */
public record Garbled(String reason) implements Frame {}
