package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Prints the operations of one method as lines of TorchScript. Confined to one thread. */
final class OperationEmitter {

    private final Body body;
    private final Numerics numerics;
    private final LowRankLines lowRank;
    private final AttentionLines attention;
    private final PointLines points;
    /** The variable of each value; an input is its own. */
    private final Map<String, String> variables = new HashMap<>();

    /** @param upcastsAttention whether attention is computed in fp32 */
    OperationEmitter(Body body, Numerics numerics, boolean upcastsAttention) {
        this.body = body;
        this.numerics = numerics;
        this.lowRank = new LowRankLines(body, numerics);
        this.attention = new AttentionLines(body, numerics, upcastsAttention, this::expression, this::named);
        this.points = new PointLines(body, numerics, this::expression, this::named);
    }

    void emit(Operation o) {
        switch (o.op()) {
            case CONV_2D -> conv2d(o);
            case DEPTHWISE_CONV_2D -> depthwise(o);
            case TRANSPOSED_CONV_2D ->
                let(
                        o,
                        "torch.conv_transpose2d(%s, %s, %s, [%4$d, %4$d], [%5$d, %5$d])",
                        o.integer("stride"),
                        o.integer("padding"));
            case LINEAR -> linear(o);
            case EXACT_LINEAR -> exactLinear(o);
            case EXACT_EMBEDDING -> call(o, name(o));
            case GROUP_NORM -> groupNorm(o);
            case LAYER_NORM -> layerNorm(o);
            case RMS_NORM -> rmsNorm(o);
            case RESPONSE_NORM -> responseNorm(o);
            case GELU_TANH -> let(o, "torch.gelu(%s, approximate=\"tanh\")");
            case CONCAT_CHANNELS -> let(o, "torch.cat([%s, %s], 2)");
            case UNSHUFFLE -> unshuffle(o);
            case SHUFFLE -> shuffle(o);
            case POSITIONS -> let(o, "torch.index_select(%s, 1, torch.flatten(%s))");
            case POSITION_BIAS -> let(o, "torch.unsqueeze(torch.permute(torch.embedding(%s, %s), [2, 0, 1]), 0)");
            case ROTATE -> attention.rotate(o);
            case REPEAT_HEADS ->
                let(
                        o,
                        "torch.flatten(torch.repeat_interleave(torch.unflatten(%s, 2, [%d, -1]), %d, 2), 2)",
                        o.integer("heads"),
                        o.integer("times"));
            case EMBEDDING -> let(o, "torch.to(torch.embedding(%s, %s), %d)", numerics.dtype());
            case SILU, RELU, PRELU, MISH, SIGMOID, TANH, LOG, GELU, ADD, ZEROS_LIKE -> call(o, name(o));
            case LEAKY_RELU -> let(o, "torch.leaky_relu(%s, %s)", o.number("slope"));
            case OFFSET -> call(o, "add");
            case MULTIPLY -> call(o, "mul");
            case DIVIDE -> call(o, "div");
            case QUICK_GELU -> let(o, "torch.mul(%1$s, torch.sigmoid(torch.mul(%1$s, 1.702)))");
            case GEGLU -> geglu(o);
            case SCALE -> let(o, "torch.mul(%s, %s)", o.number("factor"));
            case SHIFT -> let(o, "torch.add(%s, %s)", o.number("by"));
            case TIMES_NUMBER ->
                let(o, "torch.mul(%s, torch.add(torch.select(%s, 0, %d), %s))", o.integer("index"), o.number("base"));
            case PLUS_NUMBER -> let(o, "torch.add(%s, torch.select(%s, 0, %d))", o.integer("index"));
            case CONCAT -> let(o, "torch.cat([%s, %s], 1)");
            case NARROW ->
                let(o, "torch.slice(%s, 1, %d, %d)", o.integer("first"), o.integer("first") + o.integer("count"));
            case FILL ->
                let(
                        o,
                        "torch.where(torch.unsqueeze(%2$s, 2), torch.constant_pad_nd(%1$s, [0, 0, 0, torch.sub(torch.size(%2$s, 1), torch.size(%1$s, 1))]), %3$s)");
            case LEARNED -> learned(o);
            case LEADING -> let(o, "torch.slice(%s, 1, 0, torch.size(%s, 1))");
            case TRAILING -> let(o, "torch.slice(%s, 1, torch.size(%s, 1))");
            case PAD_BEFORE ->
                let(o, "torch.constant_pad_nd(%s, [0, 0, torch.size(%s, 1), 0], %s)", o.number("number"));
            case STACK -> bind(o, "torch.stack([%s], 1)".formatted(list(o)));
            case PICK -> pick(o);
            case JOIN_ROWS -> joinRows(o);
            case PREPEND -> let(o, "torch.cat([torch.expand(%2$s, [torch.size(%1$s, 0), 1, -1]), %1$s], 1)");
            case TOKEN -> let(o, "torch.select(%s, 1, %d)", o.integer("index"));
            case COSINE -> cosine(o);
            case SUBTRACT -> let(o, "torch.sub(%s, %s)");
            case OVER_PIXELS -> let(o, "torch.unsqueeze(torch.unsqueeze(%s, 2), 3)");
            case UPSAMPLE_TO ->
                let(o, "torch.upsample_nearest2d(%s, [torch.size(%2$s, 2), torch.size(%2$s, 3)], None)");
            case INTERPOLATE_TO ->
                let(o, "torch.upsample_bilinear2d(%s, [torch.size(%2$s, 2), torch.size(%2$s, 3)], True)");
            case UPSAMPLE_TWICE -> let(o, "torch.upsample_nearest2d(%s, None, [2., 2.])");
            case AVERAGE_POOL ->
                let(o, "torch.avg_pool2d(%s, [2, 2], [2, 2], [0, 0], %s)", o.flag("roundsUp") ? "True" : "False");
            case FIR_DOWN, FIR_UP -> fir(o);
            case PAD_BOTTOM_RIGHT -> let(o, "torch.constant_pad_nd(%s, [0, 1, 0, 1])");
            case TOKENS -> let(o, "torch.transpose(torch.flatten(%s, 2), 1, 2)");
            case IMAGE ->
                let(o, "torch.unflatten(torch.transpose(%s, 1, 2), 2, [torch.size(%2$s, 2), torch.size(%2$s, 3)])");
            case COLUMN -> let(o, "torch.unsqueeze(torch.transpose(%s, 1, 2), 3)");
            case MEAN_TOKENS -> let(o, "torch.mean(%s, [1], True)");
            case FLATTEN -> let(o, "torch.flatten(%s, 1)");
            case UNFLATTEN -> let(o, "torch.unflatten(%s, 1, [%d, -1])", o.integer("tokens"));
            case ATTENTION -> attention.attention(o);
            case MASK -> attention.mask(o);
            case MASK_BESIDE -> attention.maskBeside(o);
            case CAST -> let(o, "torch.to(%s, %d)", numerics.dtype());
            case CAST_IMAGE -> let(o, "torch.contiguous(torch.to(%s, %d), memory_format=2)", numerics.dtype());
            case WHOLE -> let(o, "torch.to(%s, 4)");
            case DIVIDE_ROWS -> let(o, "torch.div(%s, torch.reshape(%s, [-1, 1, 1, 1]))");
            case EXACT -> let(o, "torch.to(%s, 6)");
            case TIMESTEP_EMBEDDING -> timestepEmbedding(o);
            case FOURIER_EMBEDDING -> fourierEmbedding(o);
            case NEAREST_CODES -> nearestCodes(o);
            case POSITIONS_OF ->
                let(
                        o,
                        "torch.arange(torch.size(%s, 1), dtype=4, layout=0, device=%s, pin_memory=False)",
                        numerics.deviceExpression());
            case DIFFERENTIABLE -> let(o, "torch.requires_grad_(torch.clone(torch.detach(%s)), True)");
            case LABEL_GRADIENT -> labelGradient(o);
            case RETURN -> returns(expression(o.input(0)));
            default -> points.emit(o);
        }
    }

    /** An operation that libtorch has a function of the same inputs for. */
    private void call(Operation o, String function) {
        var arguments = o.inputs().stream().map(this::expression).toList();
        bind(o, "torch.%s(%s)".formatted(function, String.join(", ", arguments)));
    }

    private static String name(Operation o) {
        return o.op().name().toLowerCase(Locale.ROOT).replace("exact_", "");
    }

    /** The operation's result is {@code format}, whose arguments are its inputs and then {@code more}. */
    private void let(Operation o, String format, Object... more) {
        var inputs = o.inputs().stream().map(this::expression);
        var arguments = Stream.concat(inputs, Arrays.stream(more)).map(OperationEmitter::printed);
        bind(o, String.format(Locale.ROOT, format, arguments.toArray()));
    }

    private void bind(Operation o, String expression) {
        named(o, body.assign(expression));
    }

    private void named(Operation o, String variable) {
        variables.put(o.output().name(), variable);
    }

    private String expression(Operand operand) {
        return operand instanceof Parameter parameter
                ? TorchScript.attribute(parameter)
                : variables.getOrDefault(operand.name(), operand.name());
    }

    /** TorchScript takes no whole number for a float, and Java's exponents are fine. */
    private static Object printed(Object argument) {
        return argument instanceof Double number ? Double.toString(number) : argument;
    }

    private void conv2d(Operation o) {
        var form = numerics.packed()
                ? "ops.mkldnn._convolution_pointwise(%s, %s, %s, [%5$d, %5$d], [%4$d, %4$d], [1, 1], 1, \"none\","
                        + " annotate(List[Optional[number]], []), \"\")"
                : "torch.conv2d(%s, %s, %s, [%4$d, %4$d], [%5$d, %5$d])";
        var sizes = List.of(o.integer("stride"), o.integer("padding"));
        let(o, form, o.has(2) ? sizes.toArray() : new Object[] {"None", sizes.get(0), sizes.get(1)});
        o.adapter().ifPresent(adapter -> lowRank.ofConvolution(o, expression(o.input(0)), variable(o)));
    }

    private void depthwise(Operation o) {
        int padding = ((Parameter) o.input(1)).shape().get(2) / 2;
        var x = expression(o.input(0));
        boolean repeats = o.flag("repeats");
        bind(
                o,
                "torch.conv2d(%s, %s, %s, [1, 1], [%4$d, %4$d], [1, 1], %5$d)"
                        .formatted(
                                repeats
                                        ? "torch.replication_pad2d(%1$s, [%2$d, %2$d, %2$d, %2$d])"
                                                .formatted(x, padding)
                                        : x,
                                expression(o.input(1)),
                                expression(o.input(2)),
                                repeats ? 0 : padding,
                                o.output().channels()));
    }

    /** The norms are computed in fp32. */
    private void responseNorm(Operation o) {
        var x = expression(o.input(0));
        var norms = body.assign("torch.norm(torch.to(%s, 6), 2, [1], True)".formatted(x));
        var shares = body.assign("torch.to(torch.div(%1$s, torch.add(torch.mean(%1$s, [-1], True), %2$s)), %3$d)"
                .formatted(norms, printed(o.number("eps")), numerics.dtype()));
        bind(
                o,
                "torch.add(torch.add(torch.mul(torch.mul(%1$s, %2$s), torch.flatten(%3$s)), torch.flatten(%4$s)), %1$s)"
                        .formatted(x, shares, expression(o.input(1)), expression(o.input(2))));
    }

    private String variable(Operation o) {
        return variables.get(o.output().name());
    }

    private void exactLinear(Operation o) {
        call(o, name(o));
        o.adapter().ifPresent(adapter -> lowRank.ofLinear(o, expression(o.input(0)), variable(o), Numerics.FP32));
    }

    private void linear(Operation o) {
        var form = numerics.packed()
                ? "ops.mkldnn._linear_pointwise(%s, %s, %s, \"none\", annotate(List[Optional[number]], []), \"\")"
                : "torch.linear(%s, %s, %s)";
        var none = o.has(2) ? new Object[] {} : new Object[] {"None"};
        let(o, form, none);
        o.adapter().ifPresent(adapter -> lowRank.ofLinear(o, expression(o.input(0)), variable(o), numerics.dtype()));
    }

    private String list(Operation o) {
        return o.inputs().stream().map(this::expression).collect(Collectors.joining(", "));
    }

    /** A row's part is one of the rows of the first two axes taken together. */
    private void pick(Operation o) {
        var x = expression(o.input(0));
        var starts = body.assign(
                "torch.mul(torch.arange(torch.size(%1$s, 0), dtype=4, layout=0, device=%2$s, pin_memory=False), torch.size(%1$s, 1))"
                        .formatted(x, numerics.deviceExpression()));
        var parts = body.assign("torch.flatten(%s, 0, 1)".formatted(x));
        bind(o, "torch.index_select(%s, 0, torch.add(%s, %s))".formatted(parts, starts, expression(o.input(1))));
    }

    private void joinRows(Operation o) {
        var rows = o.inputs().stream()
                .map(input -> "torch.flatten(torch.to(%s, 6), 1)".formatted(expression(input)))
                .collect(Collectors.joining(", "));
        bind(o, "torch.cat([%s], 1)".formatted(rows));
    }

    /** Each vector is divided by its norm, of at least 1e-12 (torch.nn.functional.normalize). */
    private void cosine(Operation o) {
        var unit = "torch.div(%1$s, torch.clamp_min(torch.norm(%1$s, 2, [1], True), 1e-12))";
        var rows = body.assign("torch.to(%s, 6)".formatted(expression(o.input(0))));
        var left = body.assign(unit.formatted(rows));
        var right = body.assign(unit.formatted(expression(o.input(1))));
        bind(o, "torch.linear(%s, %s, None)".formatted(left, right));
    }

    private void groupNorm(Operation o) {
        var x = expression(o.input(0));
        boolean inPlanes = numerics.normsInPlanes(o.value(0).positions());
        var normed = String.format(
                Locale.ROOT,
                "torch.group_norm(%s, %d, %s, %s, %s)",
                inPlanes ? "torch.contiguous(" + x + ", memory_format=0)" : x,
                o.integer("groups"),
                o.has(1) ? expression(o.input(1)) : "None",
                o.has(2) ? expression(o.input(2)) : "None",
                printed(o.number("eps")));
        bind(o, inPlanes ? "torch.contiguous(" + normed + ", memory_format=2)" : normed);
    }

    private void layerNorm(Operation o) {
        var weights = o.has(1) ? "%s, %s".formatted(expression(o.input(1)), expression(o.input(2))) : "None, None";
        bind(
                o,
                "torch.layer_norm(%s, [%d], %s, %s)"
                        .formatted(expression(o.input(0)), o.value(0).channels(), weights, printed(o.number("eps"))));
    }

    private void rmsNorm(Operation o) {
        int heads = o.integer("heads");
        var x = expression(o.input(0));
        var exact = body.assign(
                "torch.to(%s, 6)".formatted(heads == 1 ? x : "torch.unflatten(%s, 2, [%d, -1])".formatted(x, heads)));
        var root = body.assign("torch.rsqrt(torch.add(torch.mean(torch.mul(%1$s, %1$s), [-1], True), %2$s))"
                .formatted(exact, printed(o.number("eps"))));
        var normed = "torch.mul(torch.to(torch.mul(%s, %s), %d), %s)"
                .formatted(exact, root, numerics.dtype(), expression(o.input(1)));
        bind(o, heads == 1 ? normed : "torch.flatten(%s, 2)".formatted(normed));
    }

    private void unshuffle(Operation o) {
        int side = o.integer("side");
        var form = o.flag("pixelFirst")
                ? "torch.flatten(torch.transpose(torch.unflatten(%s, 1, [-1, %d]), 1, 2), 1, 2)"
                : "%s";
        var packed = "torch.pixel_unshuffle(%s, %d)".formatted(expression(o.input(0)), side);
        bind(o, form.formatted(packed, side * side));
    }

    private void shuffle(Operation o) {
        int side = o.integer("side");
        var form = o.flag("pixelFirst")
                ? "torch.flatten(torch.transpose(torch.unflatten(%s, 1, [%d, -1]), 1, 2), 1, 2)"
                : "%s";
        bind(o, "torch.pixel_shuffle(%s, %d)".formatted(form.formatted(expression(o.input(0)), side * side), side));
    }

    /** A convolution of each channel alone. The filter's numbers are exact in every precision. */
    private void fir(Operation o) {
        boolean up = o.op() == Op.FIR_UP;
        boolean reflect = o.flag("reflect");
        int channels = o.output().channels();
        var taps = body.assign("torch.tensor(%s, dtype=%d, device=%s)"
                .formatted(
                        up ? "[0.25, 0.75, 0.75, 0.25]" : "[0.125, 0.375, 0.375, 0.125]",
                        numerics.dtype(),
                        numerics.deviceExpression()));
        var kernel = body.assign(
                "torch.expand(torch.mul(torch.unsqueeze(%1$s, 1), torch.unsqueeze(%1$s, 0)), [%2$d, 1, 4, 4])"
                        .formatted(taps, channels));
        var padding = reflect ? "torch.reflection_pad2d(%s, [1, 1, 1, 1])" : "%s";
        var x = padding.formatted(expression(o.input(0)));
        bind(
                o,
                up
                        ? "torch.conv_transpose2d(%s, %s, None, [2, 2], [%3$d, %3$d], [0, 0], %4$d)"
                                .formatted(x, kernel, reflect ? 3 : 1, channels)
                        : "torch.conv2d(%s, %s, None, [2, 2], [%3$d, %3$d], [1, 1], %4$d)"
                                .formatted(x, kernel, reflect ? 0 : 1, channels));
    }

    private void geglu(Operation o) {
        var halves = body.assign("torch.chunk(%s, 2, -1)".formatted(expression(o.input(0))));
        bind(o, "torch.mul(%1$s[0], torch.gelu(%1$s[1]))".formatted(halves));
    }

    private void learned(Operation o) {
        var sides = ", -1".repeat(((Parameter) o.input(1)).shape().size() - 1);
        var form = "torch.expand(%s, [torch.size(%s, 0)%s])";
        bind(o, form.formatted(expression(o.input(1)), expression(o.input(0)), sides));
    }

    private void timestepEmbedding(Operation o) {
        int half = o.integer("width") / 2;
        var exponents = body.assign(
                "torch.div(torch.mul(torch.arange(%d, dtype=6, layout=0, device=%s, pin_memory=False), %s), %s)"
                        .formatted(
                                half,
                                numerics.deviceExpression(),
                                printed(-Math.log(10_000)),
                                printed(half - o.number("frequencyShift"))));
        var angles = body.assign(
                "torch.mul(torch.unsqueeze(%s, -1), torch.exp(%s))".formatted(expression(o.input(0)), exponents));
        circular(o, angles);
    }

    private void fourierEmbedding(Operation o) {
        var product = "torch.mul(torch.unsqueeze(%s, 1), torch.unsqueeze(%s, 0))"
                .formatted(expression(o.input(0)), expression(o.input(1)));
        circular(o, body.assign("torch.mul(torch.mul(%s, 2), %s)".formatted(product, printed(Math.PI))));
    }

    private void circular(Operation o, String angles) {
        var form = o.flag("cosineFirst")
                ? "torch.cat([torch.cos(%1$s), torch.sin(%1$s)], -1)"
                : "torch.cat([torch.sin(%1$s), torch.cos(%1$s)], -1)";
        bind(o, form.formatted(angles));
    }

    private void nearestCodes(Operation o) {
        var table = expression(o.input(1));
        var pixels = body.assign("torch.permute(torch.to(%s, 6), [0, 2, 3, 1])".formatted(expression(o.input(0))));
        var rows = "torch.reshape(%s, [-1, %d])".formatted(pixels, o.output().channels());
        var distances = body.assign("torch.cdist(%s, %s)".formatted(rows, table));
        var nearest = body.assign("torch.embedding(%s, torch.argmin(%s, 1))".formatted(table, distances));
        bind(o, "torch.permute(torch.reshape(%s, torch.size(%s)), [0, 3, 1, 2])".formatted(nearest, pixels));
    }

    private void labelGradient(Operation o) {
        var logs = body.assign("torch.log_softmax(%s, 1)".formatted(expression(o.input(0))));
        var labels = expression(o.input(1));
        var own = body.assign("torch.sum(torch.gather(%s, 1, torch.unsqueeze(%s, 1)))".formatted(logs, labels));
        var gradients =
                body.assign("torch.grad([%s], [%s], None, None, False, False)".formatted(own, expression(o.input(2))));
        bind(o, "unchecked_cast(Tensor, %s[0])".formatted(gradients));
    }

    private void returns(String expression) {
        var host = numerics.isCuda() ? "torch.device(\"cpu\"), " : "";
        body.line("return torch.contiguous(torch.to(%s, %s%d), memory_format=0)"
                .formatted(expression, host, Numerics.FP32));
    }
}
