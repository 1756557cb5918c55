package dev.weir.engine.network;

/**
 * Which states of a text encoder a family's denoiser sees.
 *
 * @param skipped how many of the last layers are left out when a request asks for no {@code clip_skip}
 * @param normed whether the states go through the final norm
 * @param pooled whether to give {@code pooler_output} too: the last state at the end of the text, normed. An encoder with a
 *     projection gives {@code text_embeds} in any case
 * @param trimmed whether to give the states of a text's own tokens only, and none of its padding
 * @param masked whether no token sees the padding: in CLIP, whose tokens see those before them, only that of the padding itself would
 */
public record ClipOutput(int skipped, boolean normed, boolean pooled, boolean trimmed, boolean masked) {

    /** With the states of the padding. */
    public ClipOutput(int skipped, boolean normed, boolean pooled) {
        this(skipped, normed, pooled, false, false);
    }

    /** Stable Diffusion 1.x and 2.x: {@code last_hidden_state}. */
    public static final ClipOutput LAST = new ClipOutput(0, true, false);

    /** unCLIP's prior, which does not look at the padding. */
    public static final ClipOutput TRIMMED = new ClipOutput(0, true, false, true, false);

    /** DeepFloyd IF and Wuerstchen: {@code last_hidden_state} of all tokens, none of which sees the padding. */
    public static final ClipOutput MASKED = new ClipOutput(0, true, false, false, true);

    /** PixArt: the same of the text's own tokens. */
    public static final ClipOutput MASKED_TRIMMED = new ClipOutput(0, true, false, true, true);

    /** Flux: the pooled state beside {@code last_hidden_state}. */
    public static final ClipOutput POOLED = new ClipOutput(0, true, true);

    /** Stable Cascade: {@code hidden_states[-1]} of all tokens, none of which sees the padding. */
    public static final ClipOutput MASKED_UNNORMED = new ClipOutput(0, false, false, false, true);

    /** Stable Diffusion XL: {@code hidden_states[-2]}. */
    public static final ClipOutput PENULTIMATE = new ClipOutput(1, false, false);
}
