package dev.weir.engine;

/** How the tensors of a forward's rows become one tensor of the batch. */
public enum Join {
    /** All rows have one shape: {@code [rows, ...shape]}. */
    STACK,
    /** Rows differ in their first axis: padded to the longest, with a mask of what counts. */
    PAD,
    /** Channels beside the sample's own. */
    CONCAT,
    /** What other inputs of the network are made of: the network itself does not see it. All rows have one shape. */
    SOURCE,
    /**
     * Tokens along the last axis that a row may lack. Rows with other numbers of them, and rows without, share a forward: shorter ones
     * are padded, with a mask of what counts.
     */
    OPTIONAL
}
