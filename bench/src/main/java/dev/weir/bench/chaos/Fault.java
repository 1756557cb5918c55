package dev.weir.bench.chaos;

/**
 * Something that was done to a cluster.
 *
 * @param what kind and role, as {@code kill denoiser}
 * @param nanos when, as {@link System#nanoTime} has it
 */
record Fault(String what, long nanos) {}
