package dev.weir.runtime.stage;

import java.util.Map;

/**
 * The measurements of one forward pass.
 *
 * @param shape of each row, such as {@code 4x16x16}
 * @param rows of the network's batch
 * @param rowsByClass by the name of the priority class
 * @param preempted samples that lost their place to others
 */
public record Forward(String shape, int rows, double seconds, Map<String, Integer> rowsByClass, int preempted) {}
