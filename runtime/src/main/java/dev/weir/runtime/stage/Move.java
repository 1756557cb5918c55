package dev.weir.runtime.stage;

/**
 * A sample that another node should continue.
 *
 * @param to the address of that node
 */
public record Move(SampleKey sample, String to) {}
