/** The step loop under load: the same arrivals for batches of one, batches formed at start, and batches formed anew at each step. */
package dev.weir.bench.batching;
