package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Translates the operations of one method to ONNX, in fp32. Confined to one thread. */
final class OnnxEmitter {

    private static final Map<String, Object> NEAREST =
            Map.of("mode", "nearest", "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor");

    private static final Map<String, Object> BILINEAR =
            Map.of("mode", "linear", "coordinate_transformation_mode", "align_corners");

    private final Nodes nodes;
    private final Kernels kernels;
    private final Embeddings embeddings;
    private final Comparisons comparisons;
    private final LowRankNodes lowRank;
    private final Uses uses;
    private final Names names = new Names();
    private final Shapes shapes;
    private final NormNodes norms;
    private final TokenNodes tokens;
    private final LinearNodes linear;
    private final AttentionNodes attention;

    OnnxEmitter(Nodes nodes, Uses uses, Kernels kernels) {
        this.nodes = nodes;
        this.kernels = kernels;
        this.embeddings = new Embeddings(nodes);
        this.comparisons = new Comparisons(nodes);
        this.lowRank = new LowRankNodes(nodes);
        this.uses = uses;
        this.shapes = new Shapes(nodes);
        this.norms = new NormNodes(nodes, names, uses);
        this.tokens = new TokenNodes(nodes, names, shapes, uses);
        this.linear = new LinearNodes(nodes, names, uses, lowRank);
        this.attention = new AttentionNodes(nodes, names, shapes, uses, linear);
    }

    void emit(Operation o) {
        if (names.has(o.output())) {
            return; // an earlier operation made it, too
        }
        switch (o.op()) {
            case CONV_2D -> conv2d(o);
            case DEPTHWISE_CONV_2D -> depthwise(o);
            case TRANSPOSED_CONV_2D -> transposed(o);
            case LINEAR, EXACT_LINEAR -> linear(o);
            case GROUP_NORM -> norms.group(o);
            case LAYER_NORM -> norms.layer(o);
            case RMS_NORM -> norms.rms(o);
            case RESPONSE_NORM -> norms.response(o);
            case GELU_TANH -> bind(o, nodes.contrib("FastGelu", List.of(name(o, 0)), Map.of()));
            case CONCAT_CHANNELS -> bind(o, nodes.node("Concat", List.of(name(o, 0), name(o, 1)), Map.of("axis", 2)));
            case UNSHUFFLE -> tokens.unshuffle(o);
            case SHUFFLE -> tokens.shuffle(o);
            case POSITIONS ->
                bind(
                        o,
                        nodes.node(
                                "Gather",
                                List.of(
                                        nodes.weight(weight(o, 0)),
                                        nodes.node("Reshape", name(o, 1), nodes.integers(-1))),
                                Map.of("axis", 1)));
            case POSITION_BIAS -> attention.positionBias(o);
            case ROTATE -> attention.rotate(o);
            case REPEAT_HEADS -> attention.repeatHeads(o);
            case FILL -> tokens.fill(o);
            case EMBEDDING, EXACT_EMBEDDING ->
                bind(o, nodes.fp32(nodes.node("Gather", nodes.stored(weight(o, 0)), name(o, 1)), weight(o, 0)));
            case SILU -> bind(o, nodes.contrib("QuickGelu", List.of(name(o, 0)), Map.of("alpha", 1.0)));
            case RELU -> bind(o, nodes.node("Relu", name(o, 0)));
            case LEAKY_RELU ->
                bind(o, nodes.node("LeakyRelu", List.of(name(o, 0)), Map.of("alpha", o.number("slope"))));
            case PRELU -> bind(o, nodes.node("PRelu", name(o, 0), nodes.overPixels(weight(o, 1))));
            case LOG -> bind(o, nodes.node("Log", name(o, 0)));
            case SIGMOID -> bind(o, nodes.node("Sigmoid", name(o, 0)));
            case TANH -> bind(o, nodes.node("Tanh", name(o, 0)));
            case MISH -> bind(o, nodes.node("Mish", name(o, 0)));
            case GELU -> bind(o, nodes.contrib("Gelu", List.of(name(o, 0)), Map.of()));
            case QUICK_GELU -> bind(o, nodes.contrib("QuickGelu", List.of(name(o, 0)), Map.of("alpha", 1.702)));
            case GEGLU -> linear.geglu(o);
            case ADD -> norms.add(o);
            case MULTIPLY -> bind(o, nodes.node("Mul", name(o, 0), name(o, 1)));
            case DIVIDE -> bind(o, nodes.node("Div", name(o, 0), name(o, 1)));
            case OFFSET -> bind(o, nodes.node("Add", name(o, 0), nodes.weight(weight(o, 1))));
            case SCALE -> bind(o, nodes.node("Mul", name(o, 0), nodes.number(o.number("factor"))));
            case SHIFT -> bind(o, nodes.node("Add", name(o, 0), nodes.number(o.number("by"))));
            case TIMES_NUMBER ->
                bind(o, nodes.node("Mul", name(o, 0), nodes.node("Add", number(o), nodes.number(o.number("base")))));
            case PLUS_NUMBER -> bind(o, nodes.node("Add", name(o, 0), number(o)));
            case CONCAT -> bind(o, nodes.node("Concat", List.of(name(o, 0), name(o, 1)), Map.of("axis", 1)));
            case NARROW -> narrow(o);
            case LEARNED -> learned(o);
            case LEADING ->
                bind(
                        o,
                        nodes.node(
                                "Slice",
                                name(o, 0),
                                nodes.integers(0),
                                shapes.of(name(o, 1), 1, 2),
                                nodes.integers(1)));
            case TRAILING -> tokens.trailing(o);
            case PAD_BEFORE -> tokens.padBefore(o);
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
            case UPSAMPLE_TO -> resizeTo(o, NEAREST);
            case INTERPOLATE_TO -> resizeTo(o, BILINEAR);
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
            case TOKENS -> tokens.tokens(o);
            case IMAGE -> tokens.image(o);
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
            case ATTENTION -> attention.emit(o);
            case MASK -> bind(o, nodes.node("Cast", List.of(name(o, 0)), Map.of("to", ElementType.INT32)));
            case MASK_BESIDE -> attention.maskBeside(o);
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
            case DIFFERENTIABLE,
                    LABEL_GRADIENT,
                    POINTS,
                    CONVOLUTION,
                    POINT_NORM,
                    VOXEL_PLACES,
                    VOXELS,
                    DEVOXELIZE,
                    SQUEEZE_EXCITE,
                    TOKENS_TO,
                    FURTHEST_POINTS,
                    BALL_QUERY,
                    MAX_LAST,
                    NEAREST_MEAN,
                    SPREAD -> throw new IllegalArgumentException(o.op() + " in a graph of ONNX");
            case RETURN -> nodes.returns(name(o, 0));
        }
    }

    private void bind(Operation o, String name) {
        names.bind(o, name);
    }

    private String name(Operation o, int input) {
        return names.of(o, input);
    }

    private static Parameter weight(Operation o, int input) {
        return (Parameter) o.input(input);
    }

    private String number(Operation o) {
        return nodes.node("Gather", nodes.weight(weight(o, 1)), nodes.integer(o.integer("index")));
    }

    private void conv2d(Operation o) {
        int padding = o.integer("padding");
        int stride = o.integer("stride");
        int kernel = weight(o, 1).shape().get(2);
        var bias = o.has(2) ? List.of(nodes.weight(weight(o, 2))) : List.<String>of();
        Map<String, Object> attributes = Map.of(
                "kernel_shape", new int[] {kernel, kernel},
                "strides", new int[] {stride, stride},
                "pads", new int[] {padding, padding, padding, padding});
        var image = kernels.take(weight(o, 1))
                ? nodes.convolution(
                        name(o, 0),
                        nodes.ordered(weight(o, 1), kernels),
                        bias,
                        o.output().channels(),
                        attributes)
                : nodes.node("Conv", inputs(name(o, 0), nodes.weight(weight(o, 1)), bias), attributes);
        bind(
                o,
                o.adapter().isPresent()
                        ? nodes.node("Add", image, lowRank.ofConvolution(o, name(o, 0), attributes))
                        : image);
    }

    private static List<String> inputs(String image, String kernel, List<String> bias) {
        var inputs = new ArrayList<>(List.of(image, kernel));
        inputs.addAll(bias);
        return inputs;
    }

    private void linear(Operation o) {
        if (isAlone(o)) {
            linear.emit(o, this::isAlone);
        }
    }

    /** Whether no node of another operation computes the linear layer, too. */
    private boolean isAlone(Operation layer) {
        return uses.onlyReader(layer.output(), Op.GEGLU).isEmpty()
                && !attention.computes(layer)
                && !tokens.computes(layer);
    }

    private void narrow(Operation o) {
        int first = o.integer("first");
        var end = nodes.integers(first + o.integer("count"));
        bind(o, nodes.node("Slice", name(o, 0), nodes.integers(first), end, nodes.integers(1)));
    }

    private void depthwise(Operation o) {
        int kernel = weight(o, 1).shape().get(2);
        int padding = kernel / 2;
        boolean repeats = o.flag("repeats");
        var x = repeats
                ? nodes.node(
                        "Pad",
                        List.of(name(o, 0), nodes.integers(0, 0, padding, padding, 0, 0, padding, padding)),
                        Map.of("mode", "edge"))
                : name(o, 0);
        int zeros = repeats ? 0 : padding;
        bind(
                o,
                nodes.node(
                        "Conv",
                        List.of(x, nodes.weight(weight(o, 1)), nodes.weight(weight(o, 2))),
                        Map.of(
                                "group", o.output().channels(),
                                "kernel_shape", new int[] {kernel, kernel},
                                "pads", new int[] {zeros, zeros, zeros, zeros})));
    }

    private void transposed(Operation o) {
        int kernel = weight(o, 1).shape().get(2);
        int stride = o.integer("stride");
        int padding = o.integer("padding");
        bind(
                o,
                nodes.node(
                        "ConvTranspose",
                        List.of(name(o, 0), nodes.weight(weight(o, 1)), nodes.weight(weight(o, 2))),
                        Map.of(
                                "kernel_shape", new int[] {kernel, kernel},
                                "strides", new int[] {stride, stride},
                                "pads", new int[] {padding, padding, padding, padding})));
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

    private void stack(Operation o) {
        var parts = o.inputs().stream()
                .map(input -> nodes.node("Unsqueeze", names.of(input), nodes.integers(1)))
                .toList();
        bind(o, nodes.node("Concat", parts, Map.of("axis", 1)));
    }

    private void joinRows(Operation o) {
        var rows = o.inputs().stream()
                .map(input -> nodes.node("Reshape", names.of(input), nodes.integers(0, -1)))
                .toList();
        bind(o, nodes.node("Concat", rows, Map.of("axis", 1)));
    }

    private void prepend(Operation o) {
        int channels = o.output().channels();
        var token = nodes.node("Reshape", nodes.weight(weight(o, 1)), nodes.integers(1, 1, channels));
        var shape = nodes.node(
                "Concat", List.of(shapes.of(name(o, 0), 0, 1), nodes.integers(1, channels)), Map.of("axis", 0));
        bind(o, nodes.node("Concat", List.of(nodes.node("Expand", token, shape), name(o, 0)), Map.of("axis", 1)));
    }

    private void resizeTo(Operation o, Map<String, Object> way) {
        var attributes = new HashMap<>(way);
        attributes.put("axes", new int[] {2, 3});
        bind(o, nodes.node("Resize", List.of(name(o, 0), "", "", shapes.of(name(o, 1), 2, 4)), attributes));
    }

    private void learned(Operation o) {
        var weight = weight(o, 1);
        var sides = new ArrayList<>(List.of(shapes.of(name(o, 0), 0, 1)));
        weight.shape().stream().skip(1).forEach(side -> sides.add(nodes.integers(1)));
        bind(o, nodes.node("Expand", nodes.weight(weight), nodes.node("Concat", sides, Map.of("axis", 0))));
    }

    private void positionsOf(Operation o) {
        var count = nodes.node("Squeeze", shapes.of(name(o, 0), 1, 2), nodes.integers(0));
        bind(o, nodes.node("Range", nodes.integer(0), count, nodes.integer(1)));
    }
}
