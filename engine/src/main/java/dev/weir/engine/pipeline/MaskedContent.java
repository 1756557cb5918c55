package dev.weir.engine.pipeline;

import java.util.Locale;

/** What the painted part of a picture begins as, where a run does not begin with noise alone. As in Stable Diffusion web UI. */
public enum MaskedContent {
    /** The picture as it is. */
    ORIGINAL,
    /** Colours from around the part. */
    FILL,
    /** Noise in place of latents: the noise that the run adds. */
    NOISE,
    /** Latents of zero. */
    NOTHING;

    /** Of a name in lower case; empty: the picture as it is. */
    public static MaskedContent named(String name) {
        return name.isEmpty() ? ORIGINAL : valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Latents of the picture, with what the painted part has in their place. */
    float[] latents(float[] picture, float[] mask, float[] noise) {
        if (this != NOISE && this != NOTHING) {
            return picture;
        }
        float[] latents = new float[picture.length];
        for (int i = 0; i < latents.length; i++) {
            float painted = mask[i % mask.length];
            latents[i] = picture[i] * (1 - painted) + (this == NOISE ? noise[i] * painted : 0);
        }
        return latents;
    }
}
