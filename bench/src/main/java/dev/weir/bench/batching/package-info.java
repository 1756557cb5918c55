/**
 * The step loop under load: the same arrivals for batches of one, batches fixed at their start, and continuous batches.
 */
package dev.weir.bench.batching;
