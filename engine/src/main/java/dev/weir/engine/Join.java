package dev.weir.engine;

/** How the tensors of a forward's rows become one tensor of the batch. */
public enum Join {
    /** All rows have one shape: {@code [rows, ...shape]}. */
    STACK,
    /** Rows differ in their first axis: padded to the longest, with a mask of what counts. */
    PAD,
    /** Channels beside the sample's own. */
    CONCAT
}
