package dev.weir.engine.graph;

/**
 * A tensor of a network while the network is described, and what the builder must know of its shape. Immutable.
 *
 * @param name unique within its method
 * @param channels size of its feature axis: the second of an image, the last of a sequence
 * @param positions how many pixels or tokens one row has at the model's native size; only a hint, for packing weights and for attention
 */
public record Value(String name, int channels, int positions) implements Operand {}
