package dev.weir.proto;

/** A message that could not be read, with the reason. The receiver counts and drops it. */
public record Garbled(String reason) implements Frame {}
