package dev.weir.engine.graph;

/**
 * What an operation computes. Each constant names its inputs and, after a semicolon, its attributes. Images are
 * {@code [batch, channels, height, width]}, sequences {@code [batch, tokens, channels]}.
 */
public enum Op {
    /** Image, kernel, bias; stride, padding. */
    CONV_2D,
    /** Sequence or rows, matrix {@code [out, in]}, optional bias. */
    LINEAR,
    /** As {@link #LINEAR}, in fp32 in every precision. */
    EXACT_LINEAR,
    /** Image, scale, bias; groups, eps. */
    GROUP_NORM,
    /** Sequence, scale, bias; eps. */
    LAYER_NORM,
    /** Table, ids. Rows of the table in the graph's precision. */
    EMBEDDING,
    /** Table, ids. Rows of the table in fp32. */
    EXACT_EMBEDDING,
    /** x. */
    SILU,
    /** x. The exact form, with erf. */
    GELU,
    /** x. {@code x * sigmoid(1.702 x)}. */
    QUICK_GELU,
    /** Sequence. The first half of its channels, multiplied by the gelu of the second half. */
    GEGLU,
    /** x, y. */
    ADD,
    /** x; factor. */
    SCALE,
    /** x; by. */
    SHIFT,
    /** Two images, joined along their channels. */
    CONCAT,
    /** Rows {@code [batch, channels]} as {@code [batch, channels, 1, 1]}. */
    OVER_PIXELS,
    /** Image, image of the wanted size. Nearest neighbours. */
    UPSAMPLE_TO,
    /** Image. Nearest neighbours, twice the size. */
    UPSAMPLE_TWICE,
    /** Image. One row and one column of zeros at the bottom and the right. */
    PAD_BOTTOM_RIGHT,
    /** Image. To {@code [batch, height * width, channels]}. */
    TOKENS,
    /** Sequence, image of the wanted size. The opposite of {@link #TOKENS}. */
    IMAGE,
    /** Queries, keys, values, optional mask of {@link #MASK}; heads, causal. */
    ATTENTION,
    /** Flags. What {@link #ATTENTION} adds to the scores: 0 for a token that counts, -10000 for one that does not. */
    MASK,
    /** Sequence. In the graph's precision. */
    CAST,
    /** Image. In the graph's precision and layout. */
    CAST_IMAGE,
    /** x. In fp32. */
    EXACT,
    /** Numbers; width, cosineFirst, frequencyShift. The sinusoidal embedding (Ho et al. 2020), in fp32. */
    TIMESTEP_EMBEDDING,
    /** Bytes. As an image of values in [-1, 1]. */
    UNIT_IMAGE,
    /** Image; count. */
    FIRST_CHANNELS,
    /** Ids. Zeros of the same shape. */
    ZEROS_LIKE,
    /** Ids. {@code [tokens]} integers from 0. */
    POSITIONS_OF,
    /** x. The method's result, in fp32 and on the host. */
    RETURN,
    /** Image of values in [-1, 1]. The method's result, as bytes {@code [batch, height, width, channels]}. */
    RETURN_PIXELS
}
