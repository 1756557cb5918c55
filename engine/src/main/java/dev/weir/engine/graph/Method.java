package dev.weir.engine.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One method of a network: its inputs and its operations, in an order in which they can run. Confined to the thread that
 * describes the network until it is complete.
 */
public final class Method {

    private static final String SLOTS = "adapter_slots";
    private static final String FACTORS = "adapter_factors";
    private static final String SHARES = "adapter_shares";

    private final String name;
    private final List<String> inputNames;
    private final Set<String> adapted = new LinkedHashSet<>();
    private final Map<String, Input> inputs = new LinkedHashMap<>();
    private final List<Operation> operations = new ArrayList<>();

    /** @param takesAdapters whether its layers may have an {@link Adapter} each */
    Method(String name, List<String> inputNames, boolean takesAdapters) {
        this.name = name;
        this.inputNames = new ArrayList<>(inputNames);
        if (takesAdapters) {
            this.inputNames.addAll(List.of(SLOTS, FACTORS, SHARES));
        }
    }

    public String name() {
        return name;
    }

    /** The names of all inputs, in the order in which a forward feeds them. */
    public List<String> inputNames() {
        return Collections.unmodifiableList(inputNames);
    }

    /** The input that is {@link Adapter#down} of a layer. */
    public static String down(String layer) {
        return "down_" + layer.replaceAll("\\W", "_");
    }

    /** The input that is {@link Adapter#up} of a layer. */
    public static String up(String layer) {
        return "up_" + layer.replaceAll("\\W", "_");
    }

    /** @param in numbers of the layer's input that each number of its output depends on */
    Adapter adapter(String layer, int in, int out) {
        if (adapted.add(layer)) {
            inputNames.addAll(List.of(down(layer), up(layer)));
        }
        return new Adapter(
                read(SLOTS, Input.Kind.SLOTS, 1),
                read(FACTORS, Input.Kind.FACTORS, 1),
                read(SHARES, Input.Kind.SHARES, 1),
                read(down(layer), Input.Kind.BANK, in),
                read(up(layer), Input.Kind.BANK, out));
    }

    private Value read(String input, Input.Kind kind, int channels) {
        read(new Input(input, kind, channels));
        return new Value(input, channels, 1);
    }

    /** Empty where the method does not read the input. */
    public Optional<Input> input(String inputName) {
        return Optional.ofNullable(inputs.get(inputName));
    }

    public List<Operation> operations() {
        return Collections.unmodifiableList(operations);
    }

    /** Whether it computes a gradient. */
    public boolean differentiates() {
        return operations.stream().anyMatch(operation -> operation.op() == Op.LABEL_GRADIENT);
    }

    /** Whether it samples clouds of points, one point after the other. */
    public boolean samplesPoints() {
        return operations.stream().anyMatch(operation -> operation.op() == Op.FURTHEST_POINTS);
    }

    void read(Input input) {
        inputs.put(input.name(), input);
    }

    Value append(
            Op op,
            int channels,
            int positions,
            List<Operand> operands,
            Map<String, Number> attributes,
            Optional<Adapter> adapter) {
        var output = new Value("v" + operations.size(), channels, positions);
        operations.add(new Operation(op, List.copyOf(operands), Map.copyOf(attributes), output, adapter));
        return output;
    }
}
