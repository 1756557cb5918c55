package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The nodes of norms, and of sums that a norm reads. Confined to one thread. */
record NormNodes(Nodes nodes, Names names, Uses uses) {

    /**
     * Images of at most so many numbers are scaled and shifted by one node, which runs on one thread. Larger ones are by two, which
     * run on all.
     */
    private static final int LARGEST_ON_ONE_THREAD = 1 << 16;

    void group(Operation o) {
        int channels = o.output().channels();
        int groups = o.integer("groups");
        // Zeros keep an axis as it is, so no node asks for the image's size.
        var inGroups = nodes.node("Reshape", names.of(o, 0), nodes.integers(0, groups, -1, 0));
        var normed = nodes.node(
                "InstanceNormalization",
                List.of(inGroups, ones(groups), zeros(groups)),
                Map.of("epsilon", o.number("eps")));
        var back = nodes.node("Reshape", normed, nodes.integers(0, channels, -1, 0));
        if (!o.has(1)) {
            names.bind(o, back);
        } else if ((long) channels * o.output().positions() <= LARGEST_ON_ONE_THREAD) {
            var inputs = List.of(
                    back,
                    nodes.weight(weight(o, 1)),
                    nodes.weight(weight(o, 2)),
                    zeros(channels), // the mean, and then the variance
                    ones(channels));
            names.bind(o, nodes.node("BatchNormalization", inputs, Map.of("epsilon", 0.0)));
        } else {
            var scaled = nodes.node("Mul", back, nodes.overPixels(weight(o, 1)));
            names.bind(o, nodes.node("Add", scaled, nodes.overPixels(weight(o, 2))));
        }
    }

    private String zeros(int count) {
        return nodes.floats(new float[count]);
    }

    private String ones(int count) {
        var ones = new float[count];
        Arrays.fill(ones, 1);
        return nodes.floats(ones);
    }

    /**
     * ONNX Runtime norms a sum in a quarter of the time that its node for a norm alone takes. So this norms x + x, with four times
     * the epsilon, which is the same.
     */
    void layer(Operation o) {
        var x = names.of(o, 0);
        names.bind(o, sumAndNorm(o, List.of(x, x), List.of(), 4).get(0));
    }

    /** In steps: ONNX Runtime has a node for whole vectors, and none for heads. */
    void rms(Operation o) {
        int heads = o.integer("heads");
        var x = names.of(o, 0);
        var parts = heads == 1 ? x : nodes.node("Reshape", x, nodes.integers(0, 0, heads, -1));
        var mean = nodes.node("ReduceMean", nodes.node("Mul", parts, parts), nodes.integers(-1));
        var root = nodes.node("Sqrt", nodes.node("Add", mean, nodes.number(o.number("eps"))));
        var normed = nodes.node("Mul", nodes.node("Div", parts, root), nodes.weight(weight(o, 1)));
        names.bind(
                o,
                heads == 1
                        ? normed
                        : nodes.node(
                                "Reshape",
                                normed,
                                nodes.integers(0, 0, o.output().channels())));
    }

    void response(Operation o) {
        var x = names.of(o, 0);
        var lengths = nodes.node("ReduceL2", x, nodes.integers(1));
        var mean = nodes.node("ReduceMean", lengths, nodes.integers(-1));
        var shares = nodes.node("Div", lengths, nodes.node("Add", mean, nodes.number(o.number("eps"))));
        var scaled = nodes.node("Mul", nodes.node("Mul", x, shares), flat(o, 1));
        names.bind(o, nodes.node("Add", nodes.node("Add", scaled, flat(o, 2)), x));
    }

    private String flat(Operation o, int input) {
        return nodes.node("Reshape", nodes.weight(weight(o, input)), nodes.integers(-1));
    }

    /** A sum that a layer norm reads is one node with it, and with the bias of the linear layer that made its second term. */
    void add(Operation o) {
        if (!uses.isNormed(o)) {
            names.bind(o, nodes.node("Add", names.of(o, 0), names.of(o, 1)));
            return;
        }
        var norm = uses.reader(o.output(), Op.LAYER_NORM).orElseThrow();
        var bias = uses.maker(o.value(1), Op.LINEAR)
                .filter(linear -> linear.has(2) && uses.isBiasedLater(linear))
                .map(linear -> nodes.weight(weight(linear, 2)));
        var results = sumAndNorm(
                norm, List.of(names.of(o, 0), names.of(o, 1)), bias.stream().toList(), 1);
        names.bind(norm, results.get(0));
        names.bind(o, results.get(3));
    }

    private List<String> sumAndNorm(Operation norm, List<String> terms, List<String> bias, int epsilons) {
        var inputs = new ArrayList<>(terms);
        int channels = norm.output().channels();
        inputs.add(norm.has(1) ? nodes.weight(weight(norm, 1)) : ones(channels));
        inputs.add(norm.has(2) ? nodes.weight(weight(norm, 2)) : zeros(channels));
        inputs.addAll(bias);
        return nodes.append(
                Nodes.CONTRIB, "SkipLayerNormalization", inputs, Map.of("epsilon", epsilons * norm.number("eps")), 4);
    }

    private static Parameter weight(Operation o, int input) {
        return (Parameter) o.input(input);
    }
}
