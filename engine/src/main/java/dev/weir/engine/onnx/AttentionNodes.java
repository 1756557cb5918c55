package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** The nodes of attention and of its masks. Confined to one thread. */
final class AttentionNodes {

    /** More masked tokens than this have more scores than should be in memory at once. */
    private static final int MANY = 2048;

    /** What is added to the scores of tokens that are not seen. */
    private static final double UNSEEN = -10000;

    /** Numbers that a head has for its mask. One would do; kernels want multiples of eight. */
    private static final int MASK_WIDTH = 8;

    private final Nodes nodes;
    private final Names names;
    private final Shapes shapes;
    private final Uses uses;
    private final LinearNodes linear;

    AttentionNodes(Nodes nodes, Names names, Shapes shapes, Uses uses, LinearNodes linear) {
        this.nodes = nodes;
        this.names = names;
        this.shapes = shapes;
        this.uses = uses;
        this.linear = linear;
    }

    void emit(Operation o) {
        Map<String, Object> attributes =
                new HashMap<>(Map.of("num_heads", o.integer("heads"), "unidirectional", o.integer("causal")));
        if (o.flag("unscaled")) {
            attributes.put("scale", 1.0);
        }
        if (!isWithLayers(o)) {
            var inputs = new ArrayList<>(List.of(names.of(o, 0), names.of(o, 1), names.of(o, 2)));
            boolean masked = isMasked(o);
            if (isOfMany(o)) {
                names.bind(o, maskedByChannels(o));
                return;
            }
            if (o.has(3)) {
                inputs.add(""); // no bias of the projections
                inputs.add(masked ? mask(o, names.of(o, 1)) : "");
            }
            if (o.flag("positions")) {
                inputs.add(names.of(o, masked ? 4 : 3));
            }
            names.bind(o, nodes.contrib("MultiHeadAttention", inputs, attributes));
            return;
        }
        var layers = layers(o);
        var x = names.of(layers.get(0), 0);
        var matrix = nodes.node("Transpose", List.of(linear.joined(layers, 1)), Map.of("perm", new int[] {1, 0}));
        var bias = layers.get(0).has(2)
                ? linear.joined(layers, 2)
                : nodes.floats(new float[3 * o.output().channels()]);
        var inputs = new ArrayList<>(List.of(x, matrix, bias));
        if (o.has(3)) {
            inputs.add(mask(o, x));
        }
        names.bind(o, nodes.contrib("Attention", inputs, attributes));
    }

    /** Whether one node computes the linear layer and the attention that alone reads it. */
    boolean computes(Operation layer) {
        return uses.onlyReader(layer.output(), Op.ATTENTION)
                .filter(this::isWithLayers)
                .isPresent();
    }

    /**
     * Whether an attention is one node with the layers of its queries, keys and values. This holds all scores at once, as masks do
     * anyway. Attention over an image has no mask, and does not hold them.
     */
    private boolean isWithLayers(Operation o) {
        boolean isOfText = (isMasked(o) || o.flag("causal")) && !o.flag("positions") && !o.flag("unscaled");
        var layers = layers(o);
        var alike = new HashSet<List<Object>>();
        layers.forEach(layer ->
                alike.add(List.of(layer.input(0), layer.has(2), layer.output().channels())));
        return isOfText
                && layers.size() == 3
                && alike.size() == 1
                && layers.stream()
                        .allMatch(layer -> layer.adapter().isEmpty()
                                && uses.onlyReader(layer.output(), Op.ATTENTION).isPresent());
    }

    private static boolean isOfMany(Operation o) {
        return isMasked(o)
                && !o.flag("causal")
                && !o.flag("positions")
                && !o.flag("unscaled")
                && o.value(1).positions() > MANY;
    }

    /**
     * Attention to many tokens with a mask that is a number more of each key, by which a one of each query is multiplied. ONNX Runtime holds
     * all scores where it is told of a mask, and a block of them where it is not. This rests on fp32: fp16 does not hold
     * {@link #UNSEEN} over the scale.
     */
    private String maskedByChannels(Operation o) {
        int heads = o.integer("heads");
        double scale = Math.sqrt(heads / (double) o.value(0).channels());
        var mask = mask(o, names.of(o, 1)); // [B, T]
        var unseen = shapes.derived("unseen by %s over %s".formatted(mask, scale), () -> {
            var missing = nodes.node("Sub", nodes.number(1), nodes.cast(mask));
            return nodes.node(
                    "Unsqueeze",
                    nodes.node("Mul", missing, nodes.number(UNSEEN / scale)),
                    nodes.integers(2, 3)); // [B, T, 1, 1]
        });
        var first = new float[MASK_WIDTH];
        first[0] = 1;
        return nodes.contrib(
                "MultiHeadAttention",
                List.of(
                        widened(names.of(o, 0), heads, nodes.floats(first, 1, 1, 1, MASK_WIDTH)),
                        widened(names.of(o, 1), heads, unseen),
                        names.of(o, 2)),
                Map.of("num_heads", heads, "scale", scale));
    }

    /** Tokens with more numbers behind those of each head. */
    private String widened(String tokens, int heads, String more) {
        var split = nodes.node("Reshape", tokens, nodes.integers(0, 0, heads, -1));
        var sides =
                nodes.node("Concat", List.of(shapes.of(split, 0, 3), nodes.integers(MASK_WIDTH)), Map.of("axis", 0));
        var wider = nodes.node("Concat", List.of(split, nodes.node("Expand", more, sides)), Map.of("axis", 3));
        return nodes.node("Reshape", wider, nodes.integers(0, 0, -1));
    }

    private static boolean isMasked(Operation o) {
        return o.has(o.flag("positions") ? 4 : 3);
    }

    void positionBias(Operation o) {
        var biases = nodes.node("Gather", nodes.weight((Parameter) o.input(0)), names.of(o, 1));
        var byHead = nodes.node("Transpose", List.of(biases), Map.of("perm", new int[] {2, 0, 1}));
        names.bind(o, nodes.node("Unsqueeze", byHead, nodes.integers(0)));
    }

    void rotate(Operation o) {
        // Of a head's numbers, the axis of the two that are turned comes last, or before that of the pairs.
        int axis = o.flag("halves") ? 3 : 4;
        int heads = o.integer("heads");
        var sides = axis == 3 ? nodes.integers(0, 0, heads, 2, -1) : nodes.integers(0, 0, heads, -1, 2);
        var pairs = nodes.node("Reshape", names.of(o, 0), sides);
        var halves = nodes.append("", "Split", List.of(pairs, nodes.integers(1, 1)), Map.of("axis", axis), 2);
        var cosines = nodes.node("Unsqueeze", names.of(o, 1), nodes.integers(2, axis));
        var sines = nodes.node("Unsqueeze", names.of(o, 2), nodes.integers(2, axis));
        var first =
                nodes.node("Sub", nodes.node("Mul", halves.get(0), cosines), nodes.node("Mul", halves.get(1), sines));
        var second =
                nodes.node("Add", nodes.node("Mul", halves.get(1), cosines), nodes.node("Mul", halves.get(0), sines));
        var turned = nodes.node("Concat", List.of(first, second), Map.of("axis", axis));
        names.bind(
                o, nodes.node("Reshape", turned, nodes.integers(0, 0, o.output().channels())));
    }

    void repeatHeads(Operation o) {
        int width = o.value(0).channels() / o.integer("heads");
        int times = o.integer("times");
        var order = new long[o.output().channels()];
        for (int i = 0; i < order.length; i++) {
            order[i] = (long) i / (width * times) * width + i % width;
        }
        names.bind(o, nodes.node("Gather", List.of(names.of(o, 0), nodes.integers(order)), Map.of("axis", 2)));
    }

    private List<Operation> layers(Operation attention) {
        return attention.inputs().subList(0, 3).stream()
                .flatMap(input -> uses.maker(input, Op.LINEAR).stream())
                .distinct()
                .toList();
    }

    /** The mask over all keys: one single flag becomes as many as there are rows and tokens. */
    private String mask(Operation attention, String keys) {
        return shapes.derived(
                "mask " + names.of(attention, 3),
                () -> nodes.node("Expand", names.of(attention, 3), shapes.of(keys, 0, 2)));
    }

    void maskBeside(Operation o) {
        var masked = nodes.node("Expand", names.of(o, 0), shapes.of(names.of(o, 1), 0, 2));
        var one = nodes.node("Cast", List.of(nodes.integers(1)), Map.of("to", ElementType.INT32));
        var other = nodes.node("Expand", one, shapes.of(names.of(o, 2), 0, 2));
        var order = o.flag("before") ? List.of(other, masked) : List.of(masked, other);
        names.bind(o, nodes.node("Concat", order, Map.of("axis", 1)));
    }
}
