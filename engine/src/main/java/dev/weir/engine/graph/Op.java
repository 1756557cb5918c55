package dev.weir.engine.graph;

/**
 * What an operation computes. Each constant names its inputs and, after a semicolon, its attributes. Images are
 * {@code [batch, channels, height, width]}, sequences {@code [batch, tokens, channels]}.
 */
public enum Op {
    /** Image, kernel, optional bias; stride, padding. */
    CONV_2D,
    /**
     * Image, kernel {@code [channels, 1, side, side]}, bias; repeats. A convolution of each channel alone to an image of the same size;
     * beyond the edges are zeros, or the edges' own pixels.
     */
    DEPTHWISE_CONV_2D,
    /** Image, kernel {@code [in, out, side, side]}, bias; stride, padding. */
    TRANSPOSED_CONV_2D,
    /** Sequence or rows, matrix {@code [out, in]}, optional bias. */
    LINEAR,
    /** As {@link #LINEAR}, in fp32 in every precision. */
    EXACT_LINEAR,
    /** Image, and scale and bias unless it has none; groups, eps. */
    GROUP_NORM,
    /** Sequence, and scale and bias unless it has none; eps. */
    LAYER_NORM,
    /** Sequence, scale; eps, heads. Each head's channels divided by the root of their mean square, which is computed in fp32. */
    RMS_NORM,
    /**
     * Sequence, scale and shift {@code [1, 1, 1, channels]}; eps. Its sum with what is scaled and shifted of it, each channel by its norm
     * over all tokens, which is divided by the mean of all channels' norms.
     */
    RESPONSE_NORM,
    /** Table, ids. Rows of the table in the graph's precision. */
    EMBEDDING,
    /** Table, ids. Rows of the table in fp32. */
    EXACT_EMBEDDING,
    /** x. */
    SILU,
    /** x. */
    RELU,
    /** x; slope, by which negative numbers are multiplied. */
    LEAKY_RELU,
    /** Image, a slope for each channel. */
    PRELU,
    /** x. */
    SIGMOID,
    /** x. {@code x * tanh(softplus(x))}. */
    MISH,
    /** x. */
    TANH,
    /** x. The exact form, with erf. */
    GELU,
    /** x. The approximation with tanh. */
    GELU_TANH,
    /** x. {@code x * sigmoid(1.702 x)}. */
    QUICK_GELU,
    /** Sequence. The first half of its channels, multiplied by the gelu of the second half. */
    GEGLU,
    /** x, y. */
    ADD,
    /** x, y. The product of each two numbers; the second may be {@link #OVER_PIXELS}, or an image or a sequence of one channel. */
    MULTIPLY,
    /** x, y of one shape. The quotient of each two numbers. */
    DIVIDE,
    /** x, weight. Their sum; the weight is the same for each row. */
    OFFSET,
    /** x; factor. */
    SCALE,
    /** x; by. */
    SHIFT,
    /** x, weight {@code [count]}; index, base. Multiplied by the sum of the base and one of the weight's numbers. */
    TIMES_NUMBER,
    /** x, weight {@code [count]}; index. With one of the weight's numbers added. */
    PLUS_NUMBER,
    /** Sequence, flags {@code [batch, tokens]}, weight {@code [1, channels]}. The sequence's tokens where a flag is set, else the weight. */
    FILL,
    /** x, y. Joined along their second axis: the channels of images and rows, the tokens of sequences. */
    CONCAT,
    /** Sequences x, y of equally many tokens. Their channels, one after the other. */
    CONCAT_CHANNELS,
    /** x; first, count. A part of its second axis, or less where it ends. */
    NARROW,
    /** Several tensors of one shape {@code [batch, ...]} as one, {@code [batch, count, ...]}. */
    STACK,
    /** Tensor {@code [batch, count, ...]}, labels {@code [batch]}. Of each row the part that its label numbers. */
    PICK,
    /** Several tensors {@code [batch, ...]}. Of each row all numbers of all tensors, one tensor after the other. */
    JOIN_ROWS,
    /** x, weight {@code [1, ...]}. The weight for each row of x. */
    LEARNED,
    /** Sequence, another one. The first tokens of the first, as many as the other one has. */
    LEADING,
    /** Sequence, another one. What follows the first tokens, as many as the other one has. */
    TRAILING,
    /** Sequence, another one; number. With as many tokens of the number before it as the other one has. */
    PAD_BEFORE,
    /** Sequence, vector {@code [channels]}. The vector as one more token before the others of every row. */
    PREPEND,
    /** Sequence; index. One token, {@code [batch, channels]}. */
    TOKEN,
    /** Rows {@code [batch, channels]}, matrix {@code [count, channels]}. The cosine of each row and each row of the matrix. */
    COSINE,
    /** Rows {@code [batch, channels]}, vector {@code [channels]}. */
    SUBTRACT,
    /** Rows {@code [batch, channels]} as {@code [batch, channels, 1, 1]}. */
    OVER_PIXELS,
    /** Image, image of the wanted size. Nearest neighbours. */
    UPSAMPLE_TO,
    /** Image, image of the wanted size. Bilinear interpolation in which the corners keep their places. */
    INTERPOLATE_TO,
    /** Image. Nearest neighbours, twice the size. */
    UPSAMPLE_TWICE,
    /** Image; roundsUp. Half the size: the mean of each two by two pixels, or of what is left of them at the edge of an odd side. */
    AVERAGE_POOL,
    /** Image; reflect. Half the size, through a filter of 1, 3, 3, 1 each way; at the edges mirrored pixels, or zeros. */
    FIR_DOWN,
    /** Image; reflect. Twice the size, through the same filter. */
    FIR_UP,
    /** Image. One row and one column of zeros at the bottom and the right. */
    PAD_BOTTOM_RIGHT,
    /** Image. To {@code [batch, height * width, channels]}. */
    TOKENS,
    /** Sequence, image of the wanted size. The opposite of {@link #TOKENS}. */
    IMAGE,
    /** Sequence. As an image of one column: {@code [batch, channels, tokens, 1]}. */
    COLUMN,
    /** Sequence. Its mean over the tokens, as a sequence of one. */
    MEAN_TOKENS,
    /** x. All axes but the first as one. */
    FLATTEN,
    /** Rows; tokens. As a sequence of so many tokens. */
    UNFLATTEN,
    /**
     * Image; side, pixelFirst. Each {@code side * side} pixels as one with as many times the channels; pixelFirst: the channels of one
     * pixel follow each other, not the pixels of a channel.
     */
    UNSHUFFLE,
    /** Image; side, pixelFirst. The opposite. */
    SHUFFLE,
    /** Table {@code [1, rows, channels]}, ids {@code [1, tokens]}. Rows of the table as a sequence that all rows share. */
    POSITIONS,
    /**
     * Sequence, cosines and sines {@code [batch, tokens, channels / heads / 2]}; heads, halves. Each two numbers of a head turned by an
     * angle, in fp32: neighbours, or one of each half.
     */
    ROTATE,
    /** Sequence; heads, times. Each head so many times, one after the other. */
    REPEAT_HEADS,
    /** Table {@code [buckets, heads]}, buckets {@code [tokens, tokens]}. What {@link #ATTENTION} adds to each head's scores. */
    POSITION_BIAS,
    /**
     * Queries, keys, values, optional mask of {@link #MASK}, optional {@link #POSITION_BIAS}; heads, causal, positions, unscaled. The
     * last two say whether it has a bias, and whether the scores are not divided by the root of a head's width.
     */
    ATTENTION,
    /** Flags; causal. What {@link #ATTENTION} adds to the scores: 0 for a token that counts, -10000 for one that does not. */
    MASK,
    /** Mask, the sequence that it is of, another sequence; before, causal. The mask of both sequences together; all of the other counts. */
    MASK_BESIDE,
    /** Sequence. In the graph's precision. */
    CAST,
    /** Image. In the graph's precision and layout. */
    CAST_IMAGE,
    /** x. In fp32. */
    EXACT,
    /** Numbers or rows; width, cosineFirst, frequencyShift. Of each number the sinusoidal embedding (Ho et al. 2020), in fp32. */
    TIMESTEP_EMBEDDING,
    /** x. Natural logarithms. */
    LOG,
    /** Numbers. As whole numbers. */
    WHOLE,
    /** Images, numbers. Each row divided by its number. */
    DIVIDE_ROWS,
    /** Numbers, frequencies; cosineFirst. The Fourier embedding (Tancik et al. 2020), in fp32. */
    FOURIER_EMBEDDING,
    /** Image, table {@code [codes, channels]}. For each pixel the nearest row of the table, in fp32. */
    NEAREST_CODES,
    /** Ids. Zeros of the same shape. */
    ZEROS_LIKE,
    /** Ids. {@code [tokens]} integers from 0. */
    POSITIONS_OF,
    /** x. The same numbers, by which {@link #LABEL_GRADIENT} can differentiate. */
    DIFFERENTIABLE,
    /**
     * Scores {@code [batch, classes]}, labels {@code [batch]}, x of {@link #DIFFERENTIABLE}. The gradient by x of the logarithm of each
     * row's probability of its label, of the shape of x.
     */
    LABEL_GRADIENT,
    /** Image. Its pixels as points {@code [batch, channels, points]}. */
    POINTS,
    /** x of any axes, kernel, bias; axes, padding. A convolution over so many axes, of stride 1. */
    CONVOLUTION,
    /** x of any axes, scale, bias; groups, eps. */
    POINT_NORM,
    /** Coordinates {@code [batch, 3, points]}; side. Places in a grid of so many voxels each way, in which a ball around all points fits. */
    VOXEL_PLACES,
    /** Points, places; side. Of each voxel the mean of the points whose rounded place it is: {@code [batch, channels, side, side, side]}. */
    VOXELS,
    /** Voxels, places; side. At each place the trilinear mean of the eight voxels around it. */
    DEVOXELIZE,
    /** x of any axes, its inner matrix {@code [inner, channels]}, the outer {@code [channels, inner]}. Channels by gates (Hu et al. 2018). */
    SQUEEZE_EXCITE,
    /** Sequence, x of any axes. The opposite of {@link #TOKENS} to the axes of x. */
    TOKENS_TO,
    /** Coordinates; count. The first point, and then each time the one that is furthest from all before it. */
    FURTHEST_POINTS,
    /**
     * Centers, coordinates, points; radius, count. For each center the first points within the radius, with their coordinates from the
     * center first: {@code [batch, 3 + channels, centers, count]}. The first of them fills what is left.
     */
    BALL_QUERY,
    /** x of several axes. The largest number along the last. */
    MAX_LAST,
    /** Coordinates, centers, points of the centers. At each coordinate the three nearest centers' mean, by inverse squared distance. */
    NEAREST_MEAN,
    /** Rows {@code [batch, channels]}, points. The row for each of the points. */
    SPREAD,
    /** x. The method's result, in fp32 and on the host. */
    RETURN
}
