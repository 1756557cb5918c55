/**
 * The selection of the rows of the next forward pass: pure functions on immutable states, without device, clock, bus or
 * messages.
 */
package dev.weir.serving.plan;
