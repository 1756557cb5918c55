package dev.weir.engine.pickle;

/** Some bytes of a file. */
record Extent(long offset, long length) {}
