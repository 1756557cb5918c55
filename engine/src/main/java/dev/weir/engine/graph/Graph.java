package dev.weir.engine.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One method of a network under construction: each call appends an operation and, where the operation has weights,
 * declares them under the checkpoint's own names. Images are {@code [batch, channels, height, width]}, sequences
 * {@code [batch, tokens, channels]}. Confined to the thread that describes the network; computes nothing.
 */
public final class Graph extends Operations {

    private final Script script;
    private final Method method;
    private final String scope;

    Graph(Script script, Method method, String scope) {
        super(method);
        this.script = script;
        this.method = method;
        this.scope = scope;
    }

    /** The same method, with weight names that begin with {@code name}. */
    public Graph at(String name) {
        return name.isEmpty() ? this : new Graph(script, method, scope + name + ".");
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

    @Override
    void requireDivides(Value x, int parts, String name) {
        if (parts < 1 || x.channels() % parts != 0) {
            script.report("%s%s cannot part %d channels in %d".formatted(scope, name, x.channels(), parts));
        }
    }

    Parameter weight(String name, Parameter.Use use, Integer... shape) {
        return script.declare(scope + name + ".weight", use, shape);
    }

    Parameter bias(String name, Parameter.Use use, int size) {
        return script.declare(scope + name + ".bias", use, size);
    }

    public Value conv2d(Value x, String name, int out, int kernel) {
        return conv2d(x, name, out, kernel, 1, (kernel - 1) / 2);
    }

    public Value conv2d(Value x, String name, int out, int kernel, int stride, int padding) {
        return conv2d(x, name, out, kernel, stride, padding, true);
    }

    public Value conv2d(Value x, String name, int out, int kernel, int stride, int padding, boolean biased) {
        int side = Math.max(1, (int) Math.round(Math.sqrt(x.positions())));
        var weight = weight(name, new Parameter.Kernel(stride, padding, side), out, x.channels(), kernel, kernel);
        int positions = Math.max(1, x.positions() / (stride * stride));
        Map<String, Number> attributes = Map.of("stride", stride, "padding", padding);
        return biased
                ? layer(Op.CONV_2D, positions, attributes, x, weight, bias(name, new Parameter.Plain(), out))
                : layer(Op.CONV_2D, positions, attributes, x, weight);
    }

    /** An operation with a weight that may have an {@link Adapter}. */
    private Value layer(
            Op op, int positions, Map<String, Number> attributes, Value x, Parameter weight, Parameter... bias) {
        List<Operand> operands = new ArrayList<>(List.of(x, weight));
        operands.addAll(List.of(bias));
        int out = weight.shape().get(0);
        return method.append(op, out, positions, operands, attributes, script.layer(weight, method));
    }

    /** A convolution without a bias whose windows do not overlap: {@code side} pixels each way make one. */
    public Value patches(Value x, String name, int out, int side) {
        int input = side * Math.max(1, (int) Math.round(Math.sqrt(x.positions()) / side));
        var weight = weight(name, new Parameter.Kernel(side, 0, input), out, x.channels(), side, side);
        int positions = Math.max(1, x.positions() / (side * side));
        return layer(Op.CONV_2D, positions, Map.of("stride", side, "padding", 0), x, weight);
    }

    /**
     * A convolution of each channel alone, to an image of the same size.
     *
     * @param repeats whether the edges' pixels stand beyond them; else zeros do
     */
    public Value depthwiseConv2d(Value x, String name, int kernel, boolean repeats) {
        var weight = weight(name, new Parameter.Plain(), x.channels(), 1, kernel, kernel);
        var attributes = Map.<String, Number>of("repeats", repeats ? 1 : 0);
        return like(x, Op.DEPTHWISE_CONV_2D, attributes, x, weight, bias(name, new Parameter.Plain(), x.channels()));
    }

    /** The transpose of a convolution: to an image that is larger by {@code stride} each way. */
    public Value transposedConv2d(Value x, String name, int out, int kernel, int stride, int padding) {
        var weight = weight(name, new Parameter.Plain(), x.channels(), out, kernel, kernel);
        return append(
                Op.TRANSPOSED_CONV_2D,
                out,
                x.positions() * stride * stride,
                Map.of("stride", stride, "padding", padding),
                x,
                weight,
                bias(name, new Parameter.Plain(), out));
    }

    public Value linear(Value x, String name, int out) {
        return linear(x, name, out, true);
    }

    public Value linear(Value x, String name, int out, boolean biased) {
        var weight = weight(name, new Parameter.Matrix(x.positions()), out, x.channels());
        return biased
                ? layer(Op.LINEAR, x.positions(), Map.of(), x, weight, bias(name, new Parameter.Plain(), out))
                : layer(Op.LINEAR, x.positions(), Map.of(), x, weight);
    }

    /** A linear layer computed in fp32 on an fp32 input. */
    public Value exactLinear(Value x, String name, int out) {
        return exactLinear(x, name, out, true);
    }

    public Value exactLinear(Value x, String name, int out, boolean biased) {
        var weight = weight(name, new Parameter.Exact(), out, x.channels());
        return biased
                ? layer(Op.EXACT_LINEAR, x.positions(), Map.of(), x, weight, bias(name, new Parameter.Exact(), out))
                : layer(Op.EXACT_LINEAR, x.positions(), Map.of(), x, weight);
    }

    public Value groupNorm(Value x, String name, int groups, double eps) {
        requireDivides(x, groups, name);
        return norm(x, name, Op.GROUP_NORM, Map.of("groups", groups, "eps", eps));
    }

    /** A group norm that neither scales nor shifts its result. */
    public Value groupNorm(Value x, int groups, double eps) {
        requireDivides(x, groups, "norm");
        return like(x, Op.GROUP_NORM, Map.of("groups", groups, "eps", eps), x);
    }

    public Value layerNorm(Value x, String name, double eps) {
        return norm(x, name, Op.LAYER_NORM, Map.of("eps", eps));
    }

    /** A layer norm that neither scales nor shifts its result. */
    public Value layerNorm(Value x, double eps) {
        return like(x, Op.LAYER_NORM, Map.of("eps", eps), x);
    }

    /** Divided by the root of the mean square (Zhang and Sennrich 2019, arXiv 1910.07467). */
    public Value rmsNorm(Value x, String name, double eps) {
        return rmsNorm(x, name, 1, eps);
    }

    /** The same of each head's channels alone. */
    public Value rmsNorm(Value x, String name, int heads, double eps) {
        requireDivides(x, heads, name);
        var weight = weight(name, new Parameter.Plain(), x.channels() / heads);
        return like(x, Op.RMS_NORM, Map.of("eps", eps, "heads", heads), x, weight);
    }

    /**
     * A sequence with as many tokens as there are flags: its own where one is set, and elsewhere a weight {@code [1, channels]}, whose
     * name is the whole name.
     */
    public Value fill(Value x, Value flags, String name) {
        var weight = script.declare(scope + name, new Parameter.Plain(), 1, x.channels());
        return append(Op.FILL, x.channels(), flags.positions(), Map.of(), x, flags, weight);
    }

    /** Global response normalization (Woo et al. 2023, arXiv 2301.00808) of a sequence. */
    public Value responseNorm(Value x, String name, double eps) {
        var scale = script.declare(scope + name + ".gamma", new Parameter.Plain(), 1, 1, 1, x.channels());
        var shift = script.declare(scope + name + ".beta", new Parameter.Plain(), 1, 1, 1, x.channels());
        return like(x, Op.RESPONSE_NORM, Map.of("eps", eps), x, scale, shift);
    }

    /** What is added to the scores of each head's attention, by the distance of two tokens. */
    public Value positionBias(Value buckets, String name, int count, int heads) {
        var table = weight(name, new Parameter.Plain(), count, heads);
        return append(Op.POSITION_BIAS, heads, buckets.positions(), Map.of(), table, buckets);
    }

    /** Rows of a table {@code [1, rows, channels]} as a sequence that all rows share. Its name is the whole name. */
    public Value positions(Value ids, String name, int rows, int channels) {
        var table = script.declare(scope + name, new Parameter.Plain(), 1, rows, channels);
        return append(Op.POSITIONS, channels, ids.positions(), Map.of(), table, ids);
    }

    private Value norm(Value x, String name, Op op, Map<String, Number> attributes) {
        var weight = weight(name, new Parameter.Plain(), x.channels());
        return like(x, op, attributes, x, weight, bias(name, new Parameter.Plain(), x.channels()));
    }

    /** An image whose negative numbers are multiplied by a weight of their channel. */
    public Value prelu(Value x, String name) {
        return like(x, Op.PRELU, Map.of(), x, weight(name, new Parameter.Plain(), x.channels()));
    }

    /** Adds a weight {@code [1, channels]} to each token of each row. Its name is the whole name. */
    public Value offset(Value x, String name) {
        return like(x, Op.OFFSET, Map.of(), x, script.declare(scope + name, new Parameter.Plain(), 1, x.channels()));
    }

    /** Adds a weight {@code [tokens, channels]} to the sequence of each row. Its name is the whole name. */
    public Value offsetTokens(Value x, String name, int tokens) {
        return like(
                x, Op.OFFSET, Map.of(), x, script.declare(scope + name, new Parameter.Plain(), tokens, x.channels()));
    }

    /** Multiplied by the sum of {@code base} and one number of a weight {@code [count]}, whose name is the whole name. */
    public Value timesNumber(Value x, String name, int count, int index, double base) {
        return like(x, Op.TIMES_NUMBER, Map.of("index", index, "base", base), x, numbers(name, count));
    }

    /** Plus one number of such a weight. */
    public Value plusNumber(Value x, String name, int count, int index) {
        return like(x, Op.PLUS_NUMBER, Map.of("index", index), x, numbers(name, count));
    }

    private Parameter numbers(String name, int count) {
        return script.declare(scope + name, new Parameter.Plain(), count);
    }

    /** Rows of a table by whole numbers, in the graph's precision. */
    public Value embedding(Value ids, String name, int rows, int width) {
        var table = weight(name, new Parameter.Table(), rows, width);
        return append(Op.EMBEDDING, width, ids.positions(), Map.of(), table, ids);
    }

    /** Rows of an fp32 table. */
    public Value exactEmbedding(Value ids, String name, int rows, int width) {
        var table = weight(name, new Parameter.Exact(), rows, width);
        return append(Op.EXACT_EMBEDDING, width, ids.positions(), Map.of(), table, ids);
    }

    /** A vector as one more token, before the others of every row. */
    public Value prepend(Value x, String vector) {
        var token = script.declare(scope + vector, new Parameter.Plain(), x.channels());
        return append(Op.PREPEND, x.channels(), x.positions() + 1, Map.of(), x, token);
    }

    /** A weight {@code [1, channels]} for each row of another value, in fp32. Its name is the whole name. */
    public Value learnedRow(Value rows, String name, int channels) {
        var weight = script.declare(scope + name, new Parameter.Exact(), 1, channels);
        return append(Op.LEARNED, channels, 1, Map.of(), rows, weight);
    }

    /** A weight {@code [1, tokens, channels]}, a sequence, for each row of another value. Its name is the whole name. */
    public Value learnedTokens(Value rows, String name, int tokens, int channels) {
        var weight = script.declare(scope + name, new Parameter.Plain(), 1, tokens, channels);
        return append(Op.LEARNED, channels, tokens, Map.of(), rows, weight);
    }

    /** The cosine of each row's vector and each of {@code count} vectors, in fp32. */
    public Value cosines(Value x, String vectors, int count) {
        var matrix = script.declare(scope + vectors, new Parameter.Exact(), count, x.channels());
        return append(Op.COSINE, count, 1, Map.of(), x, matrix);
    }

    /** Each row less a vector, in fp32. */
    public Value subtract(Value x, String vector) {
        return like(x, Op.SUBTRACT, Map.of(), x, script.declare(scope + vector, new Parameter.Exact(), x.channels()));
    }

    // ---- edges

    /** @param name one of those that the method was begun with */
    public Value input(Input.Kind kind, String name, int channels, int positions) {
        method.read(new Input(name, kind, channels));
        return new Value(name, channels, positions);
    }

    /** A sequence in the graph's precision. */
    public Value cast(Value x) {
        return like(x, Op.CAST);
    }

    /** In fp32. */
    public Value exact(Value x) {
        return like(x, Op.EXACT);
    }

    /** An image in the graph's precision and layout. */
    public Value castImage(Value x) {
        return like(x, Op.CAST_IMAGE);
    }

    /** The sinusoidal embedding of each number of {@code [batch, ...]}, {@code [batch, ..., width]}, in fp32 (Ho et al. 2020). */
    public Value timestepEmbedding(Value timesteps, int width, boolean cosineFirst, double frequencyShift) {
        Map<String, Number> attributes =
                Map.of("width", width, "cosineFirst", cosineFirst ? 1 : 0, "frequencyShift", frequencyShift);
        return append(Op.TIMESTEP_EMBEDDING, width, timesteps.channels(), attributes, timesteps);
    }

    /**
     * Cosines and sines of numbers {@code [batch]} at frequencies that the checkpoint has, {@code [batch, width]}, in fp32
     * (Tancik et al. 2020).
     */
    public Value fourierEmbedding(Value numbers, String name, int width, boolean cosineFirst) {
        var frequencies = weight(name, new Parameter.Exact(), width / 2);
        return append(Op.FOURIER_EMBEDDING, width, 1, Map.of("cosineFirst", cosineFirst ? 1 : 0), numbers, frequencies);
    }

    /** For each pixel the nearest of a table's vectors, in fp32. */
    public Value nearestCodes(Value image, String name, int codes) {
        var table = weight(name, new Parameter.Exact(), codes, image.channels());
        return like(image, Op.NEAREST_CODES, Map.of(), image, table);
    }

    public Value zerosLike(Value ids) {
        return like(ids, Op.ZEROS_LIKE);
    }

    /** Whole numbers from 0, as many as {@code ids} has tokens. */
    public Value positionsOf(Value ids) {
        return like(ids, Op.POSITIONS_OF);
    }

    /**
     * A mask from which tokens count, {@code [batch, tokens]} of true and false. One single flag means that all do, and keeps
     * attention on its fast path. Others get -10000 before the softmax, as in diffusers.
     */
    public Mask maskOf(Value kept) {
        return new Mask(Optional.of(like(kept, Op.MASK, Map.of("causal", 0), kept)), false);
    }

    /** The same where each token sees only itself and those before it. */
    public Mask causalMaskOf(Value kept) {
        return new Mask(Optional.of(like(kept, Op.MASK, Map.of("causal", 1), kept)), true);
    }

    /**
     * The mask of a sequence joined with another one, all of whose tokens count.
     *
     * @param masked the sequence that the mask is of
     * @param before whether the other one comes first
     */
    public Mask maskBeside(Mask mask, Value masked, Value other, boolean before) {
        return maskBeside(mask, masked, other, before, false);
    }

    /** The same of a sequence with another one after it, where each token sees only itself and those before it. */
    public Mask causalMaskBeside(Mask mask, Value masked, Value other) {
        return maskBeside(mask, masked, other, false, true);
    }

    private Mask maskBeside(Mask mask, Value masked, Value other, boolean before, boolean causal) {
        Map<String, Number> attributes = Map.of("before", before ? 1 : 0, "causal", causal ? 1 : 0);
        return new Mask(mask.bias().map(bias -> like(bias, Op.MASK_BESIDE, attributes, bias, masked, other)), causal);
    }

    /** The method's result: fp32 in rows, on the host. */
    public void returns(Value x) {
        like(x, Op.RETURN);
    }

    /**
     * Which tokens attention sees.
     *
     * @param bias what is added to the scores
     * @param causal whether each token sees only itself and those before it
     */
    public record Mask(Optional<Value> bias, boolean causal) {

        public static final Mask NONE = new Mask(Optional.empty(), false);

        /** Each token sees itself and those before it. */
        public static final Mask CAUSAL = new Mask(Optional.empty(), true);
    }
}
