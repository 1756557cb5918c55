package dev.weir.runtime.stage;

import java.util.Map;

/**
 * One forward of a device, as it is measured.
 *
 * @param shape of each row, as {@code 4x16x16}
 * @param rows of the network's batch
 * @param rowsByClass by the name of their priority class
 * @param preempted samples that lost their place to those that took part
 */
public record Forward(String shape, int rows, double seconds, Map<String, Integer> rowsByClass, int preempted) {}
