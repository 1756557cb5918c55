package dev.weir.engine.graph;

import java.util.List;

/**
 * A weight that a network expects.
 *
 * @param name the checkpoint's name for it
 * @param shape as the checkpoint has it
 * @param use decides how it is kept in memory
 */
public record Parameter(String name, List<Integer> shape, Use use) implements Operand {

    /** What a weight is for. */
    public sealed interface Use {}

    /** In the graph's precision, as it is. */
    public record Plain() implements Use {}

    /** In fp32 whatever the graph's precision. */
    public record Exact() implements Use {}

    /** In the file's own type, mapped and not converted: of a vocabulary only a few rows are ever read. */
    public record Table() implements Use {}

    /** A matrix, which may be packed for about {@code rows} rows. */
    public record Matrix(int rows) implements Use {}

    /** A convolution's kernel, which may be packed for inputs of about {@code side} pixels each way. */
    public record Kernel(int stride, int padding, int side) implements Use {}
}
