package dev.weir.engine.graph;

/**
 * A bank of low-rank changes of one layer's weight, and what each row takes of it. A row may take several entries, each with a
 * factor. An entry is the product of {@code up} and {@code down}; the weight itself does not change. Immutable.
 *
 * @param slots {@code [rows, taken]}: the entries that each row takes
 * @param factors {@code [rows, taken]}: what each is multiplied by
 * @param shares {@code [rows, entries]}: the factor of every entry of the bank for each row, 0 for those that it does not take
 * @param down {@code [entries, rank, in]}, of a convolution {@code [entries, rank, in * height * width]}
 * @param up {@code [entries, rank, out]}
 */
public record Adapter(Value slots, Value factors, Value shares, Value down, Value up) {}
