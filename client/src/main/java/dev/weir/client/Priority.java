package dev.weir.client;

/** The scheduling class of a job. A more urgent class goes first at every step. No class starves. */
public enum Priority {
    INTERACTIVE,
    STANDARD,
    BATCH
}
