/** A cluster of real processes that is started, disturbed and queried from outside. For benchmarks and tests. */
package dev.weir.bench.cluster;
