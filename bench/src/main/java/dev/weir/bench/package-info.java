/** The benchmarks of {@code weir bench}. Not part of a release. */
package dev.weir.bench;
