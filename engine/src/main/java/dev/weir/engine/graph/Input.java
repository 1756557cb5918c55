package dev.weir.engine.graph;

/**
 * An input of a method. A forward feeds it with a tensor of this kind's element type and axes.
 *
 * @param kind decides the element type and the axes
 * @param channels size of the feature axis, where the kind has one
 */
public record Input(String name, Kind kind, int channels) {

    /** The element type and the axes of an input. */
    public enum Kind {
        /** fp32, {@code [batch, channels, height, width]}. */
        IMAGE,
        /** fp32, {@code [batch, tokens, channels]}. */
        SEQUENCE,
        /** fp32, {@code [batch, channels, tokens]}: a sequence of which operations take some channels. */
        COLUMNS,
        /** fp32, {@code [batch]}. */
        NUMBERS,
        /** fp32, {@code [batch, channels]}. */
        ROWS,
        /** 64-bit integers, {@code [batch, tokens]}. */
        IDS,
        /** 64-bit integers, {@code [batch]}. */
        LABELS,
        /** Which tokens count, {@code [batch, tokens]}; {@code [1, 1]} where all of every row do. */
        FLAGS,
        /** 64-bit integers, {@code [batch, taken]}: {@link Adapter#slots}. */
        SLOTS,
        /** fp32, {@code [batch, taken]}: {@link Adapter#factors}. */
        FACTORS,
        /** fp32, {@code [batch, entries]}: {@link Adapter#shares}. */
        SHARES,
        /** fp32, {@code [entries, rank, channels]}: a side of an {@link Adapter}. */
        BANK
    }
}
