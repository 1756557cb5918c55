package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The nodes of linear layers. Confined to one thread. */
final class LinearNodes {

    /**
     * Layers with at most so many outputs in all share a matrix product. Each product costs some microseconds beside its arithmetic.
     * Larger products gain nothing, and all their results would be in memory at once.
     */
    private static final int MOST_SHARED_OUTPUTS = 4096;

    private final Nodes nodes;
    private final Names names;
    private final Uses uses;
    private final LowRankNodes lowRank;

    LinearNodes(Nodes nodes, Names names, Uses uses, LowRankNodes lowRank) {
        this.nodes = nodes;
        this.names = names;
        this.uses = uses;
        this.lowRank = lowRank;
    }

    /** @param alone whether the layer's nodes are none of others' */
    void emit(Operation o, Predicate<Operation> alone) {
        if (uses.isBiasedLater(o)) {
            names.bind(o, product(o, 0, outputs(o)));
            return;
        }
        var sharing = uses.readers(o.value(0)).stream()
                .filter(other -> other.op() == o.op() && other.input(0).equals(o.input(0)))
                .filter(other -> other.adapter().isEmpty() && other.has(2) == o.has(2))
                .filter(other -> alone.test(other) && !uses.isBiasedLater(other))
                .toList();
        int outputs = sharing.stream().mapToInt(LinearNodes::outputs).sum();
        if (o.adapter().isPresent() || sharing.size() < 2 || outputs > MOST_SHARED_OUTPUTS) {
            names.bind(o, biased(o, product(o, 0, outputs(o)), 0, outputs(o)));
        } else {
            share(sharing);
        }
    }

    /** One product for all layers that read a value. */
    private void share(List<Operation> layers) {
        var first = layers.get(0);
        var sides = Map.<String, Object>of("transB", 1);
        var result = nodes.contrib("FusedMatMul", List.of(names.of(first, 0), joined(layers, 1)), sides);
        if (first.has(2)) {
            result = nodes.node("Add", result, joined(layers, 2));
        }
        var outputs =
                nodes.integers(layers.stream().mapToLong(LinearNodes::outputs).toArray());
        var parts = nodes.append("", "Split", List.of(result, outputs), Map.of("axis", -1), layers.size());
        for (int i = 0; i < layers.size(); i++) {
            names.bind(layers.get(i), parts.get(i));
        }
    }

    /** The matrices or biases of several layers as one weight. */
    String joined(List<Operation> layers, int input) {
        var parts = layers.stream()
                .map(layer -> nodes.weight((Parameter) layer.input(input)))
                .toList();
        return nodes.node("Concat", parts, Map.of("axis", 0));
    }

    void geglu(Operation o) {
        var linear = uses.maker(o.value(0), Op.LINEAR).orElseThrow();
        int half = o.output().channels();
        var value = biased(linear, product(linear, 0, half), 0, half);
        var gate = biased(linear, product(linear, half, half), half, half);
        names.bind(o, nodes.node("Mul", value, nodes.contrib("Gelu", List.of(gate), Map.of())));
    }

    /** The matrix product of a linear layer, for some of its outputs, in the checkpoint's layout of the matrix. */
    private String product(Operation linear, int first, int outputs) {
        var x = names.of(linear, 0);
        var matrix = nodes.weight((Parameter) linear.input(1), first, outputs);
        var product = nodes.contrib("FusedMatMul", List.of(x, matrix), Map.of("transB", 1));
        return linear.adapter().isPresent()
                ? nodes.node("Add", product, lowRank.ofLinear(linear, x, first, outputs))
                : product;
    }

    private String biased(Operation linear, String product, int first, int outputs) {
        return linear.has(2)
                ? nodes.node("Add", product, nodes.weight((Parameter) linear.input(2), first, outputs))
                : product;
    }

    private static int outputs(Operation linear) {
        return ((Parameter) linear.input(1)).shape().get(0);
    }
}
