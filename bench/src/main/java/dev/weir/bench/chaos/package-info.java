/** Faults at random, under load, and what became of every job. */
package dev.weir.bench.chaos;
