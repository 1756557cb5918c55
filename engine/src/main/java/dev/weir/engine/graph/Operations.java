package dev.weir.engine.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** The part of {@link Graph} that has no weights. Confined to the thread that describes the network; computes nothing. */
abstract sealed class Operations permits Graph {

    private final Method method;

    Operations(Method method) {
        this.method = method;
    }

    /** Reports that a feature axis does not have equal parts. */
    abstract void requireDivides(Value x, int parts, String name);

    final Value append(Op op, int channels, int positions, Map<String, Number> attributes, Operand... operands) {
        return method.append(op, channels, positions, List.of(operands), attributes, Optional.empty());
    }

    /** An operation whose result has its first operand's shape. */
    final Value like(Value x, Op op, Map<String, Number> attributes, Operand... operands) {
        return append(op, x.channels(), x.positions(), attributes, operands);
    }

    final Value like(Value x, Op op) {
        return like(x, op, Map.of(), x);
    }

    public final Value silu(Value x) {
        return like(x, Op.SILU);
    }

    public final Value relu(Value x) {
        return like(x, Op.RELU);
    }

    /** Negative numbers multiplied by the slope. */
    public final Value leakyRelu(Value x, double slope) {
        return like(x, Op.LEAKY_RELU, Map.of("slope", slope), x);
    }

    /** {@code x * tanh(softplus(x))}. */
    public final Value mish(Value x) {
        return like(x, Op.MISH);
    }

    public final Value sigmoid(Value x) {
        return like(x, Op.SIGMOID);
    }

    public final Value tanh(Value x) {
        return like(x, Op.TANH);
    }

    /** The exact form, with erf. */
    public final Value gelu(Value x) {
        return like(x, Op.GELU);
    }

    /** The approximation with tanh. */
    public final Value geluTanh(Value x) {
        return like(x, Op.GELU_TANH);
    }

    /** CLIP's approximation, {@code x * sigmoid(1.702 x)}. */
    public final Value quickGelu(Value x) {
        return like(x, Op.QUICK_GELU);
    }

    /** The first half of the channels, gated by the gelu of the second. */
    public final Value geglu(Value x) {
        return append(Op.GEGLU, x.channels() / 2, x.positions(), Map.of(), x);
    }

    public final Value log(Value x) {
        return like(x, Op.LOG);
    }

    /** Numbers without fractions {@code [batch]} as whole numbers. */
    public final Value whole(Value numbers) {
        return like(numbers, Op.WHOLE);
    }

    /** Each image of a batch divided by its number of {@code [batch]}. */
    public final Value divideRows(Value images, Value numbers) {
        return like(images, Op.DIVIDE_ROWS, Map.of(), images, numbers);
    }

    public final Value add(Value x, Value y) {
        return like(x, Op.ADD, Map.of(), x, y);
    }

    /** Both of one shape, or the second a vector {@link #overPixels} or an image of one channel. */
    public final Value multiply(Value x, Value y) {
        return like(x, Op.MULTIPLY, Map.of(), x, y);
    }

    /** Both of one shape. */
    public final Value divide(Value x, Value y) {
        return like(x, Op.DIVIDE, Map.of(), x, y);
    }

    public final Value scale(Value x, double factor) {
        return factor == 1 ? x : like(x, Op.SCALE, Map.of("factor", factor), x);
    }

    public final Value shift(Value x, double by) {
        return by == 0 ? x : like(x, Op.SHIFT, Map.of("by", by), x);
    }

    /** Channels of two images or of two rows, one after the other. */
    public final Value concat(Value x, Value y) {
        return append(Op.CONCAT, x.channels() + y.channels(), x.positions(), Map.of(), x, y);
    }

    /** Channels of two sequences of equally many tokens, one after the other. */
    public final Value concatChannels(Value x, Value y) {
        return append(Op.CONCAT_CHANNELS, x.channels() + y.channels(), x.positions(), Map.of(), x, y);
    }

    /** Tokens of two sequences, one after the other. */
    public final Value concatTokens(Value x, Value y) {
        return append(Op.CONCAT, x.channels(), x.positions() + y.positions(), Map.of(), x, y);
    }

    /** Some channels of an image, of columns or of rows. */
    public final Value narrow(Value x, int first, int count) {
        return append(Op.NARROW, count, x.positions(), Map.of("first", first, "count", count), x);
    }

    /** Some tokens of a sequence, fewer where it ends. */
    public final Value someTokens(Value sequence, int first, int count) {
        return append(Op.NARROW, sequence.channels(), count, Map.of("first", first, "count", count), sequence);
    }

    /** The first tokens of a sequence, as many as another one has. */
    public final Value leading(Value sequence, Value other) {
        return append(Op.LEADING, sequence.channels(), other.positions(), Map.of(), sequence, other);
    }

    /** The tokens of a sequence after {@link #leading}. */
    public final Value trailing(Value sequence, Value other) {
        int left = Math.max(1, sequence.positions() - other.positions());
        return append(Op.TRAILING, sequence.channels(), left, Map.of(), sequence, other);
    }

    /** A sequence with as many tokens of a number before it as another one has. */
    public final Value padBefore(Value sequence, Value other, double number) {
        int both = sequence.positions() + other.positions();
        return append(Op.PAD_BEFORE, sequence.channels(), both, Map.of("number", number), sequence, other);
    }

    /** Values of one shape along a new axis after the batch, for {@link #pick}. */
    public final Value stack(List<Value> values) {
        var first = values.get(0);
        return append(Op.STACK, first.channels(), first.positions(), Map.of(), values.toArray(Operand[]::new));
    }

    /** One of the values of a {@link #stack}, as each row's label says. */
    public final Value pick(Value stack, Value labels) {
        return like(stack, Op.PICK, Map.of(), stack, labels);
    }

    /** One token of each row, as its label says: {@code [batch, channels]}. */
    public final Value pickToken(Value sequence, Value labels) {
        return append(Op.PICK, sequence.channels(), 1, Map.of(), sequence, labels);
    }

    /** One token of every row: {@code [batch, channels]}. */
    public final Value token(Value sequence, int index) {
        return append(Op.TOKEN, sequence.channels(), 1, Map.of("index", index), sequence);
    }

    /** Several results as one: of each row all numbers of the first value, then all of the next. */
    public final Value joinRows(List<Value> values) {
        return append(Op.JOIN_ROWS, values.get(0).channels(), 1, Map.of(), values.toArray(Operand[]::new));
    }

    /** A vector of each row over all its pixels: {@code [batch, channels]} to {@code [batch, channels, 1, 1]}. */
    public final Value overPixels(Value x) {
        return like(x, Op.OVER_PIXELS);
    }

    /** Nearest neighbours, to the height and width of another image. */
    public final Value upsampleTo(Value x, Value size) {
        return append(Op.UPSAMPLE_TO, x.channels(), size.positions(), Map.of(), x, size);
    }

    /** Bilinear, to the height and width of another image; the corners keep their places. */
    public final Value interpolateTo(Value x, Value size) {
        return append(Op.INTERPOLATE_TO, x.channels(), size.positions(), Map.of(), x, size);
    }

    /** Nearest neighbours, twice the size. */
    public final Value upsampleTwice(Value x) {
        return append(Op.UPSAMPLE_TWICE, x.channels(), 4 * x.positions(), Map.of(), x);
    }

    /** Half the size: the mean of each two by two pixels. */
    public final Value averagePool(Value x) {
        return averagePool(x, false);
    }

    /** @param roundsUp whether the last pixels of an odd side count too; else they are left out */
    public final Value averagePool(Value x, boolean roundsUp) {
        var attributes = Map.<String, Number>of("roundsUp", roundsUp ? 1 : 0);
        return append(Op.AVERAGE_POOL, x.channels(), Math.max(1, x.positions() / 4), attributes, x);
    }

    /**
     * Half the size, through a filter of 1, 3, 3, 1 each way.
     *
     * @param reflect whether pixels beyond the edges mirror those within; else they are zeros
     */
    public final Value firDown(Value x, boolean reflect) {
        var attributes = Map.<String, Number>of("reflect", reflect ? 1 : 0);
        return append(Op.FIR_DOWN, x.channels(), Math.max(1, x.positions() / 4), attributes, x);
    }

    /** Twice the size, through the filter of {@link #firDown}. */
    public final Value firUp(Value x, boolean reflect) {
        return append(Op.FIR_UP, x.channels(), 4 * x.positions(), Map.of("reflect", reflect ? 1 : 0), x);
    }

    /** A row and a column of zeros at the bottom and the right. */
    public final Value padBottomRight(Value x) {
        return like(x, Op.PAD_BOTTOM_RIGHT);
    }

    /** Each {@code side * side} pixels as one. Of its channels, those of one channel before follow each other. */
    public final Value unshuffle(Value image, int side) {
        return unshuffle(image, side, false);
    }

    /** @param pixelFirst whether the channels of one pixel follow each other instead */
    public final Value unshuffle(Value image, int side, boolean pixelFirst) {
        int area = side * side;
        return append(
                Op.UNSHUFFLE,
                image.channels() * area,
                Math.max(1, image.positions() / area),
                Map.of("side", side, "pixelFirst", pixelFirst ? 1 : 0),
                image);
    }

    /**
     * The opposite of {@link #unshuffle}.
     *
     * @param pixelFirst whether the channels of one pixel follow each other instead
     */
    public final Value shuffle(Value image, int side, boolean pixelFirst) {
        int area = side * side;
        Map<String, Number> attributes = Map.of("side", side, "pixelFirst", pixelFirst ? 1 : 0);
        return append(Op.SHUFFLE, image.channels() / area, image.positions() * area, attributes, image);
    }

    /** Each two numbers of a head's channels turned by an angle of their token's (Su et al. 2021, arXiv 2104.09864). */
    public final Value rotate(Value x, Value cosines, Value sines, int heads) {
        return rotate(x, cosines, sines, heads, false);
    }

    /** The same of one number of a head's first half and one of its second. */
    public final Value rotateHalves(Value x, Value cosines, Value sines, int heads) {
        return rotate(x, cosines, sines, heads, true);
    }

    private Value rotate(Value x, Value cosines, Value sines, int heads, boolean halves) {
        requireDivides(x, 2 * heads, "rotation");
        return like(x, Op.ROTATE, Map.of("heads", heads, "halves", halves ? 1 : 0), x, cosines, sines);
    }

    /** Keys or values of fewer heads than the queries have: each head so many times. */
    public final Value repeatHeads(Value x, int heads, int times) {
        requireDivides(x, heads, "attention");
        Map<String, Number> attributes = Map.of("heads", heads, "times", times);
        return times == 1 ? x : append(Op.REPEAT_HEADS, x.channels() * times, x.positions(), attributes, x);
    }

    /** {@code [batch, channels, height, width]} to {@code [batch, height * width, channels]}; columns likewise. */
    public final Value tokens(Value image) {
        return like(image, Op.TOKENS);
    }

    /** The opposite of {@link #tokens}, with the height and width of another image. */
    public final Value image(Value tokens, Value size) {
        return like(tokens, Op.IMAGE, Map.of(), tokens, size);
    }

    /** A sequence as an image of one column, {@code [batch, channels, tokens, 1]}; {@link #tokens} is the opposite. */
    public final Value column(Value sequence) {
        return like(sequence, Op.COLUMN);
    }

    /** The mean over the tokens, as a sequence of one. */
    public final Value meanOfTokens(Value sequence) {
        return append(Op.MEAN_TOKENS, sequence.channels(), 1, Map.of(), sequence);
    }

    /** {@code [batch, tokens, channels]} to {@code [batch, tokens * channels]}. */
    public final Value flat(Value sequence) {
        return append(Op.FLATTEN, sequence.channels() * sequence.positions(), 1, Map.of(), sequence);
    }

    /** {@code [batch, tokens * channels]} to {@code [batch, tokens, channels]}. */
    public final Value unflat(Value rows, int tokens) {
        return append(Op.UNFLATTEN, rows.channels() / tokens, tokens, Map.of("tokens", tokens), rows);
    }

    /** Scaled dot-product attention of several heads over all tokens that the mask leaves. */
    public final Value attention(Value q, Value k, Value v, int heads, Graph.Mask mask) {
        return attention(q, k, v, heads, mask, Optional.empty(), false);
    }

    /**
     * The same.
     *
     * @param positions what is added to the scores of each head: {@link Graph#positionBias}
     * @param unscaled whether the scores are not divided by the root of a head's width
     */
    public final Value attention(
            Value q, Value k, Value v, int heads, Graph.Mask mask, Optional<Value> positions, boolean unscaled) {
        requireDivides(q, heads, "attention");
        var operands = Stream.of(Stream.of(q, k, v), mask.bias().stream(), positions.stream())
                .flatMap(Function.identity())
                .toArray(Operand[]::new);
        Map<String, Number> attributes = Map.of(
                "heads",
                heads,
                "causal",
                mask.causal() ? 1 : 0,
                "positions",
                positions.isPresent() ? 1 : 0,
                "unscaled",
                unscaled ? 1 : 0);
        return append(Op.ATTENTION, v.channels(), q.positions(), attributes, operands);
    }

    /** The same numbers, by which {@link #labelGradient} can differentiate what is made of them. */
    public final Value differentiable(Value x) {
        return like(x, Op.DIFFERENTIABLE);
    }

    /**
     * The gradient of the logarithm of each row's probability of its label.
     *
     * @param scores of all classes, before the softmax
     * @param by what the gradient is by: {@link #differentiable}
     */
    public final Value labelGradient(Value scores, Value labels, Value by) {
        return like(by, Op.LABEL_GRADIENT, Map.of(), scores, labels, by);
    }

    /** How many heads of a width the channels make. */
    public final int headsOf(Value x, int headWidth) {
        requireDivides(x, x.channels() / Math.max(1, headWidth), "attention");
        return Math.max(1, x.channels() / Math.max(1, headWidth));
    }
}
