/** Traces: where a request spends its time, across all nodes that it passes. */
package dev.weir.runtime.trace;
