package dev.weir.bench.chaos;

/**
 * A fault that was applied to a cluster.
 *
 * @param what kind and role, such as {@code kill denoiser}
 * @param nanos when, by {@link System#nanoTime}
 */
record Fault(String what, long nanos) {}
