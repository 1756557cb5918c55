/** Deterministic simulation of the job protocol: the real classes on a virtual clock, from one seed. */
package dev.weir.bench.simulation;
