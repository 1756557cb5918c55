package dev.weir.engine.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One method of a network under construction: each call appends an operation and, where the operation has weights,
 * declares them under the checkpoint's own names. Images are {@code [batch, channels, height, width]}, sequences
 * {@code [batch, tokens, channels]}. Confined to the thread that describes the network; computes nothing.
 */
public final class Graph {

    private final Script script;
    private final Method method;
    private final String scope;

    Graph(Script script, Method method, String scope) {
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

    private Value append(Op op, int channels, int positions, Map<String, Number> attributes, Operand... operands) {
        return method.append(op, channels, positions, List.of(operands), attributes);
    }

    /** An operation whose result has its first operand's shape. */
    private Value like(Value x, Op op, Map<String, Number> attributes, Operand... operands) {
        return append(op, x.channels(), x.positions(), attributes, operands);
    }

    private Value like(Value x, Op op) {
        return like(x, op, Map.of(), x);
    }

    private Parameter weight(String name, Parameter.Use use, Integer... shape) {
        return script.declare(scope + name + ".weight", use, shape);
    }

    private Parameter bias(String name, Parameter.Use use, int size) {
        return script.declare(scope + name + ".bias", use, size);
    }

    // ---- layers with weights

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
                ? append(Op.CONV_2D, out, positions, attributes, x, weight, bias(name, new Parameter.Plain(), out))
                : append(Op.CONV_2D, out, positions, attributes, x, weight);
    }

    /** A convolution without a bias whose windows do not overlap: {@code side} pixels each way make one. */
    public Value patches(Value x, String name, int out, int side) {
        int input = side * Math.max(1, (int) Math.round(Math.sqrt(x.positions()) / side));
        var weight = weight(name, new Parameter.Kernel(side, 0, input), out, x.channels(), side, side);
        int positions = Math.max(1, x.positions() / (side * side));
        return append(Op.CONV_2D, out, positions, Map.of("stride", side, "padding", 0), x, weight);
    }

    public Value linear(Value x, String name, int out) {
        return linear(x, name, out, true);
    }

    public Value linear(Value x, String name, int out, boolean biased) {
        var weight = weight(name, new Parameter.Matrix(x.positions()), out, x.channels());
        return biased
                ? append(Op.LINEAR, out, x.positions(), Map.of(), x, weight, bias(name, new Parameter.Plain(), out))
                : append(Op.LINEAR, out, x.positions(), Map.of(), x, weight);
    }

    /** A linear layer computed in fp32 on an fp32 input. */
    public Value exactLinear(Value x, String name, int out) {
        return exactLinear(x, name, out, true);
    }

    public Value exactLinear(Value x, String name, int out, boolean biased) {
        var weight = weight(name, new Parameter.Exact(), out, x.channels());
        return biased
                ? append(
                        Op.EXACT_LINEAR,
                        out,
                        x.positions(),
                        Map.of(),
                        x,
                        weight,
                        bias(name, new Parameter.Exact(), out))
                : append(Op.EXACT_LINEAR, out, x.positions(), Map.of(), x, weight);
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

    private Value norm(Value x, String name, Op op, Map<String, Number> attributes) {
        var weight = weight(name, new Parameter.Plain(), x.channels());
        return like(x, op, attributes, x, weight, bias(name, new Parameter.Plain(), x.channels()));
    }

    /** Adds a weight {@code [1, channels]} to each token of each row. Its name is the whole name. */
    public Value offset(Value x, String name) {
        return like(x, Op.OFFSET, Map.of(), x, script.declare(scope + name, new Parameter.Plain(), 1, x.channels()));
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

    /** The cosine of each row's vector and each of {@code count} vectors, in fp32. */
    public Value cosines(Value x, String vectors, int count) {
        var matrix = script.declare(scope + vectors, new Parameter.Exact(), count, x.channels());
        return append(Op.COSINE, count, 1, Map.of(), x, matrix);
    }

    /** Each row less a vector, in fp32. */
    public Value subtract(Value x, String vector) {
        return like(x, Op.SUBTRACT, Map.of(), x, script.declare(scope + vector, new Parameter.Exact(), x.channels()));
    }

    // ---- layers without

    public Value silu(Value x) {
        return like(x, Op.SILU);
    }

    public Value relu(Value x) {
        return like(x, Op.RELU);
    }

    /** {@code x * tanh(softplus(x))}. */
    public Value mish(Value x) {
        return like(x, Op.MISH);
    }

    public Value tanh(Value x) {
        return like(x, Op.TANH);
    }

    /** The exact form, with erf. */
    public Value gelu(Value x) {
        return like(x, Op.GELU);
    }

    /** CLIP's approximation, {@code x * sigmoid(1.702 x)}. */
    public Value quickGelu(Value x) {
        return like(x, Op.QUICK_GELU);
    }

    /** The first half of the channels, gated by the gelu of the second. */
    public Value geglu(Value x) {
        return append(Op.GEGLU, x.channels() / 2, x.positions(), Map.of(), x);
    }

    public Value add(Value x, Value y) {
        return like(x, Op.ADD, Map.of(), x, y);
    }

    /** Both of one shape, or the second a vector {@link #overPixels} or an image of one channel. */
    public Value multiply(Value x, Value y) {
        return like(x, Op.MULTIPLY, Map.of(), x, y);
    }

    public Value scale(Value x, double factor) {
        return factor == 1 ? x : like(x, Op.SCALE, Map.of("factor", factor), x);
    }

    public Value shift(Value x, double by) {
        return by == 0 ? x : like(x, Op.SHIFT, Map.of("by", by), x);
    }

    /** Channels of two images or of two rows, one after the other. */
    public Value concat(Value x, Value y) {
        return append(Op.CONCAT, x.channels() + y.channels(), x.positions(), Map.of(), x, y);
    }

    /** Tokens of two sequences, one after the other. */
    public Value concatTokens(Value x, Value y) {
        return append(Op.CONCAT, x.channels(), x.positions() + y.positions(), Map.of(), x, y);
    }

    /** Some channels of an image or of rows. */
    public Value narrow(Value x, int first, int count) {
        return append(Op.NARROW, count, x.positions(), Map.of("first", first, "count", count), x);
    }

    /** Some tokens of a sequence, fewer where it ends. */
    public Value someTokens(Value sequence, int first, int count) {
        return append(Op.NARROW, sequence.channels(), count, Map.of("first", first, "count", count), sequence);
    }

    /** Values of one shape along a new axis after the batch, for {@link #pick}. */
    public Value stack(List<Value> values) {
        var first = values.get(0);
        return append(Op.STACK, first.channels(), first.positions(), Map.of(), values.toArray(Operand[]::new));
    }

    /** One of the values of a {@link #stack}, as each row's label says. */
    public Value pick(Value stack, Value labels) {
        return like(stack, Op.PICK, Map.of(), stack, labels);
    }

    /** One token of each row, as its label says: {@code [batch, channels]}. */
    public Value pickToken(Value sequence, Value labels) {
        return append(Op.PICK, sequence.channels(), 1, Map.of(), sequence, labels);
    }

    /** One token of every row: {@code [batch, channels]}. */
    public Value token(Value sequence, int index) {
        return append(Op.TOKEN, sequence.channels(), 1, Map.of("index", index), sequence);
    }

    /** Several results as one: of each row all numbers of the first value, then all of the next. */
    public Value joinRows(List<Value> values) {
        return append(Op.JOIN_ROWS, values.get(0).channels(), 1, Map.of(), values.toArray(Operand[]::new));
    }

    /** A vector of each row over all its pixels: {@code [batch, channels]} to {@code [batch, channels, 1, 1]}. */
    public Value overPixels(Value x) {
        return like(x, Op.OVER_PIXELS);
    }

    /** Nearest neighbours, to the height and width of another image. */
    public Value upsampleTo(Value x, Value size) {
        return append(Op.UPSAMPLE_TO, x.channels(), size.positions(), Map.of(), x, size);
    }

    /** Nearest neighbours, twice the size. */
    public Value upsampleTwice(Value x) {
        return append(Op.UPSAMPLE_TWICE, x.channels(), 4 * x.positions(), Map.of(), x);
    }

    /** Half the size: the mean of each two by two pixels. */
    public Value averagePool(Value x) {
        return append(Op.AVERAGE_POOL, x.channels(), Math.max(1, x.positions() / 4), Map.of(), x);
    }

    /**
     * Half the size, through a filter of 1, 3, 3, 1 each way.
     *
     * @param reflect whether pixels beyond the edges mirror those within; else they are zeros
     */
    public Value firDown(Value x, boolean reflect) {
        var attributes = Map.<String, Number>of("reflect", reflect ? 1 : 0);
        return append(Op.FIR_DOWN, x.channels(), Math.max(1, x.positions() / 4), attributes, x);
    }

    /** Twice the size, through the filter of {@link #firDown}. */
    public Value firUp(Value x, boolean reflect) {
        return append(Op.FIR_UP, x.channels(), 4 * x.positions(), Map.of("reflect", reflect ? 1 : 0), x);
    }

    /** A row and a column of zeros at the bottom and the right. */
    public Value padBottomRight(Value x) {
        return like(x, Op.PAD_BOTTOM_RIGHT);
    }

    /** {@code [batch, channels, height, width]} to {@code [batch, height * width, channels]}. */
    public Value tokens(Value image) {
        return like(image, Op.TOKENS);
    }

    /** The opposite of {@link #tokens}, with the height and width of another image. */
    public Value image(Value tokens, Value size) {
        return like(tokens, Op.IMAGE, Map.of(), tokens, size);
    }

    /** A sequence as an image of one column, {@code [batch, channels, tokens, 1]}; {@link #tokens} is the opposite. */
    public Value column(Value sequence) {
        return like(sequence, Op.COLUMN);
    }

    /** The mean over the tokens, as a sequence of one. */
    public Value meanOfTokens(Value sequence) {
        return append(Op.MEAN_TOKENS, sequence.channels(), 1, Map.of(), sequence);
    }

    /** {@code [batch, tokens, channels]} to {@code [batch, tokens * channels]}. */
    public Value flat(Value sequence) {
        return append(Op.FLATTEN, sequence.channels() * sequence.positions(), 1, Map.of(), sequence);
    }

    /** {@code [batch, tokens * channels]} to {@code [batch, tokens, channels]}. */
    public Value unflat(Value rows, int tokens) {
        return append(Op.UNFLATTEN, rows.channels() / tokens, tokens, Map.of("tokens", tokens), rows);
    }

    /** Scaled dot-product attention of several heads over all tokens that the mask leaves. */
    public Value attention(Value q, Value k, Value v, int heads, Mask mask) {
        requireDivides(q, heads, "attention");
        var operands = Stream.concat(Stream.of(q, k, v), mask.bias().stream()).toArray(Operand[]::new);
        Map<String, Number> attributes = Map.of("heads", heads, "causal", mask.causal() ? 1 : 0);
        return append(Op.ATTENTION, v.channels(), q.positions(), attributes, operands);
    }

    /** How many heads of a width the channels make. */
    public int headsOf(Value x, int headWidth) {
        requireDivides(x, x.channels() / Math.max(1, headWidth), "attention");
        return Math.max(1, x.channels() / Math.max(1, headWidth));
    }

    private void requireDivides(Value x, int parts, String name) {
        if (parts < 1 || x.channels() % parts != 0) {
            script.report("%s%s cannot part %d channels in %d".formatted(scope, name, x.channels(), parts));
        }
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
        return new Mask(Optional.of(like(kept, Op.MASK)), false);
    }

    /**
     * The mask of a sequence joined with another one, all of whose tokens count.
     *
     * @param masked the sequence that the mask is of
     * @param before whether the other one comes first
     */
    public Mask maskBeside(Mask mask, Value masked, Value other, boolean before) {
        var attributes = Map.<String, Number>of("before", before ? 1 : 0);
        return new Mask(mask.bias().map(bias -> like(bias, Op.MASK_BESIDE, attributes, bias, masked, other)), false);
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
