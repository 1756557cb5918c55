package dev.weir.engine.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One method of a network: its inputs and its operations, in an order in which they can run. Confined to the thread that
 * describes the network until it is complete.
 */
public final class Method {

    private final String name;
    private final List<String> inputNames;
    private final Map<String, Input> inputs = new LinkedHashMap<>();
    private final List<Operation> operations = new ArrayList<>();

    Method(String name, List<String> inputNames) {
        this.name = name;
        this.inputNames = inputNames;
    }

    public String name() {
        return name;
    }

    /** The names of all inputs, in the order in which a forward feeds them. */
    public List<String> inputNames() {
        return inputNames;
    }

    /** Empty where the method does not read the input. */
    public Optional<Input> input(String inputName) {
        return Optional.ofNullable(inputs.get(inputName));
    }

    public List<Operation> operations() {
        return Collections.unmodifiableList(operations);
    }

    void read(Input input) {
        inputs.put(input.name(), input);
    }

    Value append(Op op, int channels, int positions, List<Operand> operands, Map<String, Number> attributes) {
        var output = new Value("v" + operations.size(), channels, positions);
        operations.add(new Operation(op, List.copyOf(operands), Map.copyOf(attributes), output));
        return output;
    }
}
