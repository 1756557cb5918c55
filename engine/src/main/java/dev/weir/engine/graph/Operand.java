package dev.weir.engine.graph;

/** What an operation reads: the result of another one, or a weight. */
public sealed interface Operand permits Value, Parameter {

    /** Unique within a method. */
    String name();
}
