package dev.weir.runtime.stage;

/**
 * A sample that another node is to go on with.
 *
 * @param to its address
 */
public record Move(SampleKey sample, String to) {}
