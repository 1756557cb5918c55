package dev.weir.serving.plan;

/** Classes of urgency, the most urgent first: a lower one yields at a step's boundary. */
public enum PriorityClass {
    INTERACTIVE,
    STANDARD,
    BATCH
}
