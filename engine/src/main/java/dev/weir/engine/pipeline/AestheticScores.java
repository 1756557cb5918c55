package dev.weir.engine.pipeline;

/**
 * How beautiful a network is told that pictures are, from 0 to 10. Immutable.
 *
 * @param positive of the picture that is made
 * @param negative of what the negative prompt stands for
 */
public record AestheticScores(float positive, float negative) {

    /** Those of diffusers and ComfyUI where nobody says any. */
    public static final AestheticScores USUAL = new AestheticScores(6.0f, 2.5f);
}
