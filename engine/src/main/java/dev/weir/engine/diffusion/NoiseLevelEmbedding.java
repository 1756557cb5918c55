package dev.weir.engine.diffusion;

/**
 * A noise level as a vector, for networks that are told it beside an embedding: diffusers' {@code get_timestep_embedding} with
 * {@code flip_sin_to_cos}. Stateless; any thread.
 */
public final class NoiseLevelEmbedding {

    private static final float LARGEST_PERIOD = 10000;

    private NoiseLevelEmbedding() {}

    /** Cosines, sines, and a zero if the width is odd. */
    public static float[] of(int level, int width) {
        int half = width / 2;
        float decay = (float) -Math.log(LARGEST_PERIOD);
        float[] values = new float[width];
        for (int i = 0; i < half; i++) {
            float angle = level * (float) Math.exp(decay * i / half);
            values[i] = (float) Math.cos(angle);
            values[half + i] = (float) Math.sin(angle);
        }
        return values;
    }
}
