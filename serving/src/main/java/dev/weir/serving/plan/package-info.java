/**
 * Which rows take part in the next forward: pure functions over immutable states. No device, clock, bus or message is known
 * here.
 */
package dev.weir.serving.plan;
