package dev.weir.engine.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One step of a method. Immutable.
 *
 * @param inputs in the order that {@link Op} documents
 * @param attributes the numbers that {@link Op} documents
 * @param adapter changes the weight of a linear layer or a convolution by row
 */
public record Operation(
        Op op, List<Operand> inputs, Map<String, Number> attributes, Value output, Optional<Adapter> adapter) {

    public Operand input(int index) {
        return inputs.get(index);
    }

    /** An input that is the result of another operation. */
    public Value value(int index) {
        return (Value) inputs.get(index);
    }

    public boolean has(int index) {
        return index < inputs.size();
    }

    public int integer(String attribute) {
        return attributes.get(attribute).intValue();
    }

    public double number(String attribute) {
        return attributes.get(attribute).doubleValue();
    }

    public boolean flag(String attribute) {
        return integer(attribute) != 0;
    }
}
