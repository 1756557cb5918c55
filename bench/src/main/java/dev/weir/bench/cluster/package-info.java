/** A cluster of real processes: started, hurt and asked from outside. For benchmarks and tests. */
package dev.weir.bench.cluster;
