/** Traces: where a request's time goes, over all nodes that it passes. */
package dev.weir.runtime.trace;
