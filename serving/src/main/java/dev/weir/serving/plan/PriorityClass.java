package dev.weir.serving.plan;

/** Priority classes, the most urgent first. A lower class yields at the end of a step. */
public enum PriorityClass {
    INTERACTIVE,
    STANDARD,
    BATCH
}
