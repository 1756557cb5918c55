/** Weir's engines beside other programs that run the same weights. */
package dev.weir.bench.engines;
