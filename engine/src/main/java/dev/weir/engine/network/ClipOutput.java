package dev.weir.engine.network;

/**
 * Which states of a CLIP text encoder a family's denoiser sees.
 *
 * @param skipped how many of the last layers are left out when a request asks for no {@code clip_skip}
 * @param normed whether the states go through the final norm
 * @param pooled whether to give {@code pooler_output} too: the last state at the end of the text, normed. An encoder with a
 *     projection gives {@code text_embeds} in any case
 */
public record ClipOutput(int skipped, boolean normed, boolean pooled) {

    /** Stable Diffusion 1.x and 2.x: {@code last_hidden_state}. */
    public static final ClipOutput LAST = new ClipOutput(0, true, false);

    /** Stable Diffusion XL: {@code hidden_states[-2]}. */
    public static final ClipOutput PENULTIMATE = new ClipOutput(1, false, false);
}
