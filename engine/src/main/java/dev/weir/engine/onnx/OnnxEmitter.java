package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Translates the operations of one method to ONNX, in fp32. Confined to one thread. */
final class OnnxEmitter {

    private static final Map<String, Object> NEAREST =
            Map.of("mode", "nearest", "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor");

    private final Nodes nodes;
    private final Embeddings embeddings;
    private final Comparisons comparisons;
    private final LowRankNodes lowRank;
    private final Uses uses;
    /** The ONNX name of each value; an input has its own. */
    private final Map<String, String> names = new HashMap<>();
    /** What was made of a value for later operations too, by what it is. */
    private final Map<String, String> derived = new HashMap<>();

    OnnxEmitter(Nodes nodes, Uses uses) {
        this.nodes = nodes;
        this.embeddings = new Embeddings(nodes);
        this.comparisons = new Comparisons(nodes);
        this.lowRank = new LowRankNodes(nodes);
        this.uses = uses;
    }

    void emit(Operation o) {
        if (names.containsKey(o.output().name())) {
            return; // an earlier operation made it, too
        }
        switch (o.op()) {
            case CONV_2D -> conv2d(o);
            case LINEAR, EXACT_LINEAR -> linear(o);
            case GROUP_NORM -> groupNorm(o);
            case LAYER_NORM -> layerNorm(o);
            case EMBEDDING, EXACT_EMBEDDING ->
                bind(o, nodes.fp32(nodes.node("Gather", nodes.stored(weight(o, 0)), name(o, 1)), weight(o, 0)));
            case SILU -> bind(o, nodes.contrib("QuickGelu", List.of(name(o, 0)), Map.of("alpha", 1.0)));
            case RELU -> bind(o, nodes.node("Relu", name(o, 0)));
            case LOG -> bind(o, nodes.node("Log", name(o, 0)));
            case TANH -> bind(o, nodes.node("Tanh", name(o, 0)));
            case MISH -> bind(o, nodes.node("Mish", name(o, 0)));
            case GELU -> bind(o, nodes.contrib("Gelu", List.of(name(o, 0)), Map.of()));
            case QUICK_GELU -> bind(o, nodes.contrib("QuickGelu", List.of(name(o, 0)), Map.of("alpha", 1.702)));
            case GEGLU -> geglu(o);
            case ADD -> add(o);
            case MULTIPLY -> bind(o, nodes.node("Mul", name(o, 0), name(o, 1)));
            case OFFSET -> bind(o, nodes.node("Add", name(o, 0), nodes.weight(weight(o, 1))));
            case SCALE -> bind(o, nodes.node("Mul", name(o, 0), nodes.number(o.number("factor"))));
            case SHIFT -> bind(o, nodes.node("Add", name(o, 0), nodes.number(o.number("by"))));
            case CONCAT -> bind(o, nodes.node("Concat", List.of(name(o, 0), name(o, 1)), Map.of("axis", 1)));
            case NARROW -> narrow(o);
            case LEARNED -> learned(o);
            case LEADING ->
                bind(o, nodes.node("Slice", name(o, 0), nodes.integers(0), shape(name(o, 1), 1, 2), nodes.integers(1)));
            case STACK -> stack(o);
            case PICK ->
                bind(
                        o,
                        nodes.node(
                                "GatherND",
                                List.of(name(o, 0), nodes.node("Unsqueeze", name(o, 1), nodes.integers(1))),
                                Map.of("batch_dims", 1)));
            case JOIN_ROWS -> joinRows(o);
            case PREPEND -> prepend(o);
            case TOKEN ->
                bind(
                        o,
                        nodes.node(
                                "Gather", List.of(name(o, 0), nodes.integer(o.integer("index"))), Map.of("axis", 1)));
            case COSINE -> bind(o, comparisons.cosine(name(o, 0), nodes.weight(weight(o, 1))));
            case SUBTRACT -> bind(o, nodes.node("Sub", name(o, 0), nodes.weight(weight(o, 1))));
            case OVER_PIXELS -> bind(o, nodes.node("Unsqueeze", name(o, 0), nodes.integers(2, 3)));
            case UPSAMPLE_TO -> upsampleTo(o);
            case UPSAMPLE_TWICE ->
                bind(o, nodes.node("Resize", List.of(name(o, 0), "", nodes.floats(1, 1, 2, 2)), NEAREST));
            case AVERAGE_POOL ->
                bind(
                        o,
                        nodes.node(
                                "AveragePool",
                                List.of(name(o, 0)),
                                Map.of(
                                        "kernel_shape", new int[] {2, 2},
                                        "strides", new int[] {2, 2},
                                        "ceil_mode", o.integer("roundsUp"))));
            case FIR_DOWN, FIR_UP -> fir(o);
            case PAD_BOTTOM_RIGHT -> bind(o, nodes.node("Pad", name(o, 0), nodes.integers(0, 0, 0, 0, 0, 0, 1, 1)));
            case TOKENS -> tokens(o);
            case IMAGE -> image(o);
            case COLUMN ->
                bind(
                        o,
                        nodes.node(
                                "Unsqueeze",
                                nodes.node("Transpose", List.of(name(o, 0)), Map.of("perm", new int[] {0, 2, 1})),
                                nodes.integers(3)));
            case MEAN_TOKENS -> bind(o, nodes.node("ReduceMean", name(o, 0), nodes.integers(1)));
            case FLATTEN -> bind(o, nodes.node("Reshape", name(o, 0), nodes.integers(0, -1)));
            case UNFLATTEN -> bind(o, nodes.node("Reshape", name(o, 0), nodes.integers(0, o.integer("tokens"), -1)));
            case ATTENTION -> attention(o);
            case MASK -> bind(o, nodes.node("Cast", List.of(name(o, 0)), Map.of("to", ElementType.INT32)));
            case MASK_BESIDE -> maskBeside(o);
            case CAST, CAST_IMAGE -> bind(o, name(o, 0)); // all is fp32
            case WHOLE -> bind(o, nodes.node("Cast", List.of(name(o, 0)), Map.of("to", ElementType.INT64)));
            case DIVIDE_ROWS ->
                bind(o, nodes.node("Div", name(o, 0), nodes.node("Unsqueeze", name(o, 1), nodes.integers(1, 2, 3))));
            case EXACT -> bind(o, nodes.cast(name(o, 0)));
            case TIMESTEP_EMBEDDING -> bind(o, embeddings.timestep(o, name(o, 0)));
            case FOURIER_EMBEDDING -> bind(o, embeddings.fourier(o, name(o, 0), nodes.weight(weight(o, 1))));
            case NEAREST_CODES -> bind(o, comparisons.nearest(o, name(o, 0), nodes.weight(weight(o, 1))));
            case ZEROS_LIKE -> bind(o, nodes.node("Sub", name(o, 0), name(o, 0)));
            case POSITIONS_OF -> positionsOf(o);
            case RETURN -> nodes.returns(name(o, 0));
        }
    }

    private void bind(Operation o, String name) {
        names.put(o.output().name(), name);
    }

    private String name(Operation o, int input) {
        return name(o.input(input));
    }

    private String name(Operand value) {
        return names.getOrDefault(value.name(), value.name());
    }

    private static Parameter weight(Operation o, int input) {
        return (Parameter) o.input(input);
    }

    /** Axes {@code first} to before {@code end} of a tensor's shape. */
    private String shape(String tensor, int first, int end) {
        return derived.computeIfAbsent(
                "shape %s %d %d".formatted(tensor, first, end),
                key -> nodes.node("Shape", List.of(tensor), Map.of("start", first, "end", end)));
    }

    private void conv2d(Operation o) {
        int padding = o.integer("padding");
        int stride = o.integer("stride");
        int kernel = weight(o, 1).shape().get(2);
        var inputs = new ArrayList<>(List.of(name(o, 0), nodes.weight(weight(o, 1))));
        if (o.has(2)) {
            inputs.add(nodes.weight(weight(o, 2)));
        }
        Map<String, Object> attributes = Map.of(
                "kernel_shape", new int[] {kernel, kernel},
                "strides", new int[] {stride, stride},
                "pads", new int[] {padding, padding, padding, padding});
        var image = nodes.node("Conv", inputs, attributes);
        bind(
                o,
                o.adapter().isPresent()
                        ? nodes.node("Add", image, lowRank.ofConvolution(o, name(o, 0), attributes))
                        : image);
    }

    private void linear(Operation o) {
        if (uses.onlyReader(o.output(), Op.GEGLU).isPresent()) {
            return; // the gate computes its halves apart
        }
        var product = product(o, 0, weight(o, 1).shape().get(0));
        boolean biasedLater = uses.onlyReader(o.output(), Op.ADD)
                .filter(sum -> sum.input(1).equals(o.output()) && isNormed(sum))
                .isPresent();
        bind(
                o,
                biasedLater
                        ? product
                        : biased(o, product, 0, weight(o, 1).shape().get(0)));
    }

    /** The matrix product of a linear layer, for some of its outputs, in the checkpoint's layout of the matrix. */
    private String product(Operation linear, int first, int outputs) {
        var matrix = nodes.weight(weight(linear, 1), first, outputs);
        var product = nodes.contrib("FusedMatMul", List.of(name(linear, 0), matrix), Map.of("transB", 1));
        return linear.adapter().isPresent()
                ? nodes.node("Add", product, lowRank.ofLinear(linear, name(linear, 0), first, outputs))
                : product;
    }

    private String biased(Operation linear, String product, int first, int outputs) {
        return linear.has(2) ? nodes.node("Add", product, nodes.weight(weight(linear, 2), first, outputs)) : product;
    }

    private void geglu(Operation o) {
        var linear = uses.maker(o.value(0), Op.LINEAR).orElseThrow();
        int half = o.output().channels();
        var value = biased(linear, product(linear, 0, half), 0, half);
        var gate = biased(linear, product(linear, half, half), half, half);
        bind(o, nodes.node("Mul", value, nodes.contrib("Gelu", List.of(gate), Map.of())));
    }

    private void groupNorm(Operation o) {
        var x = name(o, 0);
        int groups = o.integer("groups");
        var ones = new float[groups];
        Arrays.fill(ones, 1);
        // Zeros keep an axis as it is, so no node asks for the image's size.
        var inGroups = nodes.node("Reshape", x, nodes.integers(0, groups, -1, 0));
        var normed = nodes.node(
                "InstanceNormalization",
                List.of(inGroups, nodes.floats(ones), nodes.floats(new float[groups])),
                Map.of("epsilon", o.number("eps")));
        var back = nodes.node("Reshape", normed, nodes.integers(0, o.output().channels(), -1, 0));
        if (!o.has(1)) {
            bind(o, back);
            return;
        }
        var scaled = nodes.node("Mul", back, nodes.overPixels(weight(o, 1)));
        bind(o, nodes.node("Add", scaled, nodes.overPixels(weight(o, 2))));
    }

    private void narrow(Operation o) {
        int first = o.integer("first");
        var end = nodes.integers(first + o.integer("count"));
        bind(o, nodes.node("Slice", name(o, 0), nodes.integers(first), end, nodes.integers(1)));
    }

    /** A convolution of each channel alone. */
    private void fir(Operation o) {
        boolean up = o.op() == Op.FIR_UP;
        boolean reflect = o.flag("reflect");
        int channels = o.output().channels();
        var kernel = new float[channels * 16];
        for (int i = 0; i < kernel.length; i++) {
            float row = i / 4 % 4 % 3 == 0 ? 1 : 3;
            float column = i % 4 % 3 == 0 ? 1 : 3;
            kernel[i] = row * column / (up ? 16 : 64);
        }
        int padding = reflect ? (up ? 3 : 0) : 1;
        var x = reflect
                ? nodes.node(
                        "Pad", List.of(name(o, 0), nodes.integers(0, 0, 1, 1, 0, 0, 1, 1)), Map.of("mode", "reflect"))
                : name(o, 0);
        bind(
                o,
                nodes.node(
                        up ? "ConvTranspose" : "Conv",
                        List.of(x, nodes.floats(kernel, channels, 1, 4, 4)),
                        Map.of(
                                "group", channels,
                                "kernel_shape", new int[] {4, 4},
                                "strides", new int[] {2, 2},
                                "pads", new int[] {padding, padding, padding, padding})));
    }

    private void layerNorm(Operation o) {
        bind(
                o,
                nodes.node(
                        "LayerNormalization",
                        List.of(name(o, 0), nodes.weight(weight(o, 1)), nodes.weight(weight(o, 2))),
                        Map.of("axis", -1, "epsilon", o.number("eps"))));
    }

    /** A sum that a layer norm reads is one node with it, and with the bias of the linear layer that made its second term. */
    private void add(Operation o) {
        if (!isNormed(o)) {
            bind(o, nodes.node("Add", name(o, 0), name(o, 1)));
            return;
        }
        var norm = uses.reader(o.output(), Op.LAYER_NORM).orElseThrow();
        var inputs = new ArrayList<>(
                List.of(name(o, 0), name(o, 1), nodes.weight(weight(norm, 1)), nodes.weight(weight(norm, 2))));
        uses.maker(o.value(1), Op.LINEAR)
                .filter(linear -> linear.has(2)
                        && uses.onlyReader(linear.output(), Op.ADD).isPresent())
                .ifPresent(linear -> inputs.add(nodes.weight(weight(linear, 2))));
        var results =
                nodes.append(Nodes.CONTRIB, "SkipLayerNormalization", inputs, Map.of("epsilon", norm.number("eps")), 4);
        bind(norm, results.get(0));
        bind(o, results.get(3));
    }

    /** Whether a sum is of two sequences and read by a layer norm. */
    private boolean isNormed(Operation sum) {
        return uses.reader(sum.output(), Op.LAYER_NORM).isPresent()
                && uses.maker(sum.value(1), Op.EMBEDDING).isEmpty();
    }

    private void stack(Operation o) {
        var parts = o.inputs().stream()
                .map(input -> nodes.node("Unsqueeze", name(input), nodes.integers(1)))
                .toList();
        bind(o, nodes.node("Concat", parts, Map.of("axis", 1)));
    }

    private void joinRows(Operation o) {
        var rows = o.inputs().stream()
                .map(input -> nodes.node("Reshape", name(input), nodes.integers(0, -1)))
                .toList();
        bind(o, nodes.node("Concat", rows, Map.of("axis", 1)));
    }

    private void prepend(Operation o) {
        int channels = o.output().channels();
        var token = nodes.node("Reshape", nodes.weight(weight(o, 1)), nodes.integers(1, 1, channels));
        var shape =
                nodes.node("Concat", List.of(shape(name(o, 0), 0, 1), nodes.integers(1, channels)), Map.of("axis", 0));
        bind(o, nodes.node("Concat", List.of(nodes.node("Expand", token, shape), name(o, 0)), Map.of("axis", 1)));
    }

    private void upsampleTo(Operation o) {
        var attributes = new HashMap<>(NEAREST);
        attributes.put("axes", new int[] {2, 3});
        bind(o, nodes.node("Resize", List.of(name(o, 0), "", "", shape(name(o, 1), 2, 4)), attributes));
    }

    private void tokens(Operation o) {
        var flat =
                nodes.node("Reshape", name(o, 0), nodes.integers(0, o.output().channels(), -1));
        bind(o, nodes.node("Transpose", List.of(flat), Map.of("perm", new int[] {0, 2, 1})));
    }

    private void image(Operation o) {
        var flat = nodes.node("Transpose", List.of(name(o, 0)), Map.of("perm", new int[] {0, 2, 1}));
        var channels = nodes.integers(0, o.output().channels());
        var size = nodes.node("Concat", List.of(channels, shape(name(o, 1), 2, 4)), Map.of("axis", 0));
        bind(o, nodes.node("Reshape", flat, size));
    }

    private void learned(Operation o) {
        var weight = weight(o, 1);
        var sides = new ArrayList<>(List.of(shape(name(o, 0), 0, 1)));
        weight.shape().stream().skip(1).forEach(side -> sides.add(nodes.integers(1)));
        bind(o, nodes.node("Expand", nodes.weight(weight), nodes.node("Concat", sides, Map.of("axis", 0))));
    }

    private void attention(Operation o) {
        var inputs = new ArrayList<>(List.of(name(o, 0), name(o, 1), name(o, 2)));
        if (o.has(3)) {
            inputs.add(""); // no bias of the projections
            inputs.add(mask(o));
        }
        bind(
                o,
                nodes.contrib(
                        "MultiHeadAttention",
                        inputs,
                        Map.of("num_heads", o.integer("heads"), "unidirectional", o.integer("causal"))));
    }

    /** The mask over all keys: one single flag becomes as many as there are rows and tokens. */
    private String mask(Operation attention) {
        var mask = name(attention, 3);
        var all = shape(name(attention, 1), 0, 2);
        return derived.computeIfAbsent("mask " + mask, key -> nodes.node("Expand", mask, all));
    }

    private void maskBeside(Operation o) {
        var masked = nodes.node("Expand", name(o, 0), shape(name(o, 1), 0, 2));
        var one = nodes.node("Cast", List.of(nodes.integers(1)), Map.of("to", ElementType.INT32));
        var other = nodes.node("Expand", one, shape(name(o, 2), 0, 2));
        var order = o.flag("before") ? List.of(other, masked) : List.of(masked, other);
        bind(o, nodes.node("Concat", order, Map.of("axis", 1)));
    }

    private void positionsOf(Operation o) {
        var count = nodes.node("Squeeze", shape(name(o, 0), 1, 2), nodes.integers(0));
        bind(o, nodes.node("Range", nodes.integer(0), count, nodes.integer(1)));
    }
}
