package dev.weir.engine.graph;

import java.util.List;
import java.util.Locale;

/**
 * One method of a network under construction: each call emits a line of TorchScript and, where the operation has
 * weights, declares them under the checkpoint's own names. Images are {@code [batch, channels, height, width]}, sequences
 * {@code [batch, tokens, channels]}. Confined to the thread that describes the network; computes nothing.
 */
public final class Graph {

    private final Script script;
    private final Body body;
    private final String scope;

    Graph(Script script, Body body, String scope) {
        this.script = script;
        this.body = body;
        this.scope = scope;
    }

    /** The same method, with weight names that begin with {@code name}. */
    public Graph at(String name) {
        return name.isEmpty() ? this : new Graph(script, body, scope + name + ".");
    }

    /** The first of some names for one layer that the checkpoint has a weight of; the first of all where it has none. */
    public String anyOf(String... names) {
        for (var name : names) {
            if (script.hasWeight(scope + name + ".weight")) {
                return name;
            }
        }
        return names[0];
    }

    /** A new variable holding {@code expression}, whose {@code %s} are the given values. */
    public Value let(int channels, int positions, String expression, Object... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Value value) {
                arguments[i] = value.name();
            } else if (arguments[i] instanceof Double number) {
                arguments[i] = literal(number);
            }
        }
        return new Value(body.assign(String.format(Locale.ROOT, expression, arguments)), channels, positions);
    }

    private Value like(Value x, String expression, Object... arguments) {
        return let(x.channels(), x.positions(), expression, arguments);
    }

    /** TorchScript takes no whole number for a float, and Java's exponents are fine. */
    private static String literal(double number) {
        return Double.toString(number);
    }

    // ---- layers with weights

    public Value conv2d(Value x, String name, int out, int kernel) {
        return conv2d(x, name, out, kernel, 1, (kernel - 1) / 2);
    }

    public Value conv2d(Value x, String name, int out, int kernel, int stride, int padding) {
        int side = Math.max(1, (int) Math.round(Math.sqrt(x.positions())));
        var use = new Parameter.Kernel(stride, padding, side);
        var weight = script.declare(scope + name + ".weight", use, out, x.channels(), kernel, kernel);
        var bias = script.declare(scope + name + ".bias", new Parameter.Plain(), out);
        var form = script.numerics().packed()
                ? "ops.mkldnn._convolution_pointwise(%s, %s, %s, [%5$d, %5$d], [%4$d, %4$d], [1, 1], 1, \"none\","
                        + " annotate(List[Optional[number]], []), \"\")"
                : "torch.conv2d(%s, %s, %s, [%4$d, %4$d], [%5$d, %5$d])";
        return let(out, Math.max(1, x.positions() / (stride * stride)), form, x, weight, bias, stride, padding);
    }

    public Value linear(Value x, String name, int out) {
        return linear(x, name, out, true);
    }

    public Value linear(Value x, String name, int out, boolean biased) {
        var weight = script.declare(scope + name + ".weight", new Parameter.Matrix(x.positions()), out, x.channels());
        var bias = biased ? script.declare(scope + name + ".bias", new Parameter.Plain(), out) : "None";
        var form = script.numerics().packed()
                ? "ops.mkldnn._linear_pointwise(%s, %s, %s, \"none\", annotate(List[Optional[number]], []), \"\")"
                : "torch.linear(%s, %s, %s)";
        return let(out, x.positions(), form, x, weight, bias);
    }

    /** A linear layer computed in fp32 on an fp32 input. */
    public Value exactLinear(Value x, String name, int out) {
        var weight = script.declare(scope + name + ".weight", new Parameter.Exact(), out, x.channels());
        var bias = script.declare(scope + name + ".bias", new Parameter.Exact(), out);
        return let(out, x.positions(), "torch.linear(%s, %s, %s)", x, weight, bias);
    }

    public Value groupNorm(Value x, String name, int groups, double eps) {
        requireDivides(x, groups, name);
        var weight = script.declare(scope + name + ".weight", new Parameter.Plain(), x.channels());
        var bias = script.declare(scope + name + ".bias", new Parameter.Plain(), x.channels());
        var form = script.numerics().normsInPlanes(x.positions())
                ? "torch.contiguous(torch.group_norm(torch.contiguous(%s, memory_format=0), %d, %s, %s, %s), memory_format=2)"
                : "torch.group_norm(%s, %d, %s, %s, %s)";
        return like(x, form, x, groups, weight, bias, eps);
    }

    public Value layerNorm(Value x, String name, double eps) {
        var weight = script.declare(scope + name + ".weight", new Parameter.Plain(), x.channels());
        var bias = script.declare(scope + name + ".bias", new Parameter.Plain(), x.channels());
        return like(x, "torch.layer_norm(%s, [%d], %s, %s, %s)", x, x.channels(), weight, bias, eps);
    }

    /** Rows of a table by whole numbers, in the graph's precision. */
    public Value embedding(Value ids, String name, int rows, int width) {
        var weight = script.declare(scope + name + ".weight", new Parameter.Table(), rows, width);
        return let(width, ids.positions(), "torch.to(torch.embedding(%s, %s), %d)", weight, ids, dtype());
    }

    /** Rows of an fp32 table. */
    public Value exactEmbedding(Value ids, String name, int rows, int width) {
        var weight = script.declare(scope + name + ".weight", new Parameter.Exact(), rows, width);
        return let(width, ids.positions(), "torch.embedding(%s, %s)", weight, ids);
    }

    // ---- layers without

    public Value silu(Value x) {
        return like(x, "torch.silu(%s)", x);
    }

    /** The exact form, with erf. */
    public Value gelu(Value x) {
        return like(x, "torch.gelu(%s)", x);
    }

    /** CLIP's approximation, {@code x * sigmoid(1.702 x)}. */
    public Value quickGelu(Value x) {
        return like(x, "torch.mul(%1$s, torch.sigmoid(torch.mul(%1$s, 1.702)))", x);
    }

    /** The first half of the channels, gated by the gelu of the second. */
    public Value geglu(Value x) {
        var halves = like(x, "torch.chunk(%s, 2, -1)", x);
        return let(x.channels() / 2, x.positions(), "torch.mul(%1$s[0], torch.gelu(%1$s[1]))", halves);
    }

    public Value add(Value x, Value y) {
        return like(x, "torch.add(%s, %s)", x, y);
    }

    public Value scale(Value x, double factor) {
        return factor == 1 ? x : like(x, "torch.mul(%s, %s)", x, factor);
    }

    public Value shift(Value x, double by) {
        return by == 0 ? x : like(x, "torch.add(%s, %s)", x, by);
    }

    /** Channels of both, one after the other. */
    public Value concat(Value x, Value y) {
        return let(x.channels() + y.channels(), x.positions(), "torch.cat([%s, %s], 1)", x, y);
    }

    /** A vector of each row over all its pixels: {@code [batch, channels]} to {@code [batch, channels, 1, 1]}. */
    public Value overPixels(Value x) {
        return like(x, "torch.unsqueeze(torch.unsqueeze(%s, 2), 3)", x);
    }

    /** Nearest neighbours, to the height and width of another image. */
    public Value upsampleTo(Value x, Value size) {
        return let(
                x.channels(),
                size.positions(),
                "torch.upsample_nearest2d(%s, [torch.size(%2$s, 2), torch.size(%2$s, 3)], None)",
                x,
                size);
    }

    /** Nearest neighbours, twice the size. */
    public Value upsampleTwice(Value x) {
        return let(x.channels(), 4 * x.positions(), "torch.upsample_nearest2d(%s, None, [2., 2.])", x);
    }

    /** A row and a column of zeros at the bottom and the right. */
    public Value padBottomRight(Value x) {
        return like(x, "torch.constant_pad_nd(%s, [0, 1, 0, 1])", x);
    }

    /** {@code [batch, channels, height, width]} to {@code [batch, height * width, channels]}. */
    public Value tokens(Value image) {
        return like(image, "torch.transpose(torch.flatten(%s, 2), 1, 2)", image);
    }

    /** The opposite of {@link #tokens}, with the height and width of another image. */
    public Value image(Value tokens, Value size) {
        return like(
                tokens,
                "torch.unflatten(torch.transpose(%s, 1, 2), 2, [torch.size(%2$s, 2), torch.size(%2$s, 3)])",
                tokens,
                size);
    }

    /** Scaled dot-product attention of several heads over all tokens that the mask leaves. */
    public Value attention(Value q, Value k, Value v, int heads, Mask mask) {
        requireDivides(q, heads, "attention");
        var split = List.of(q, k, v).stream()
                .map(x -> like(x, "torch.transpose(torch.unflatten(%s, 2, [%d, -1]), 1, 2)", x, heads))
                .toList();
        var out = like(
                q,
                "torch.scaled_dot_product_attention(%s, %s, %s, %s, 0., %s)",
                split.get(0),
                split.get(1),
                split.get(2),
                mask.expression(),
                mask.causal() ? "True" : "False");
        return let(v.channels(), q.positions(), "torch.flatten(torch.transpose(%s, 1, 2), 2)", out);
    }

    private void requireDivides(Value x, int parts, String name) {
        if (parts < 1 || x.channels() % parts != 0) {
            script.report("%s%s cannot part %d channels in %d".formatted(scope, name, x.channels(), parts));
        }
    }

    // ---- edges

    public Value input(String name, int channels, int positions) {
        return new Value(name, channels, positions);
    }

    /** A sequence in the graph's precision. */
    public Value cast(Value x) {
        return like(x, "torch.to(%s, %d)", x, dtype());
    }

    /** In fp32. */
    public Value exact(Value x) {
        return like(x, "torch.to(%s, 6)", x);
    }

    /** An image in the graph's precision and layout. */
    public Value castImage(Value x) {
        return like(x, "torch.contiguous(torch.to(%s, %d), memory_format=2)", x, dtype());
    }

    /** The sinusoidal embedding of timesteps, {@code [batch]} to {@code [batch, width]}, in fp32 (Ho et al. 2020). */
    public Value timestepEmbedding(Value timesteps, int width, boolean cosineFirst, double frequencyShift) {
        int half = width / 2;
        var exponents = let(
                half,
                1,
                "torch.div(torch.mul(torch.arange(%d, dtype=6, layout=0, device=%s, pin_memory=False), %s), %s)",
                half,
                script.numerics().deviceExpression(),
                -Math.log(10_000),
                half - frequencyShift);
        var angles = let(half, 1, "torch.mul(torch.unsqueeze(%s, 1), torch.exp(%s))", timesteps, exponents);
        return let(
                width,
                1,
                cosineFirst
                        ? "torch.cat([torch.cos(%1$s), torch.sin(%1$s)], -1)"
                        : "torch.cat([torch.sin(%1$s), torch.cos(%1$s)], -1)",
                angles);
    }

    /** Bytes {@code [batch, height, width, channels]} as an image of values in [-1, 1]. */
    public Value unitImage(Value bytes) {
        return like(bytes, "torch.sub(torch.div(torch.permute(torch.to(%s, 6), [0, 3, 1, 2]), 127.5), 1.)", bytes);
    }

    /** The first {@code count} channels of an image. */
    public Value firstChannels(Value image, int count) {
        return let(count, image.positions(), "torch.narrow(%s, 1, 0, %d)", image, count);
    }

    public Value zerosLike(Value ids) {
        return like(ids, "torch.zeros_like(%s)", ids);
    }

    /** Whole numbers from 0, as many as {@code ids} has tokens. */
    public Value positionsOf(Value ids) {
        return like(
                ids,
                "torch.arange(torch.size(%s, 1), dtype=4, layout=0, device=%s, pin_memory=False)",
                ids,
                script.numerics().deviceExpression());
    }

    /**
     * A mask from which tokens count, {@code [batch, tokens]} of true and false; an empty tensor means that all do, and
     * keeps attention on its fast path. Others get -10000 before the softmax, as in diffusers.
     */
    public Mask maskOf(Value kept) {
        var bias = body.fresh();
        body.line(bias + " = annotate(Optional[Tensor], None)");
        body.line("if torch.numel(" + kept.name() + ") > 0:");
        body.line("  " + bias + " = torch.mul(torch.sub(1., torch.to(torch.unsqueeze(torch.unsqueeze(" + kept.name()
                + ", 1), 1), " + dtype() + ")), -10000.)");
        return new Mask(bias, false);
    }

    /** The method's result: fp32 in rows, on the host. */
    public void returns(Value x) {
        returns(x, Numerics.FP32);
    }

    /** The method's result: an image of values in [-1, 1] as bytes, {@code [batch, height, width, channels]}. */
    public void returnsPixels(Value image) {
        var unit = like(image, "torch.clamp(torch.add(torch.div(torch.to(%s, 6), 2.), 0.5), 0., 1.)", image);
        returns(like(unit, "torch.round(torch.mul(torch.permute(%s, [0, 2, 3, 1]), 255.))", unit), 0);
    }

    private void returns(Value x, int dtype) {
        var host = script.numerics().isCuda() ? "torch.device(\"cpu\"), " : "";
        body.line("return torch.contiguous(torch.to(%s, %s%d), memory_format=0)".formatted(x.name(), host, dtype));
    }

    private int dtype() {
        return script.numerics().dtype();
    }

    /** Which tokens attention sees. */
    public record Mask(String expression, boolean causal) {

        public static final Mask NONE = new Mask("None", false);

        /** Each token sees itself and those before it. */
        public static final Mask CAUSAL = new Mask("None", true);
    }
}
