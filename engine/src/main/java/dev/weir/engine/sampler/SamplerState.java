package dev.weir.engine.sampler;

/**
 * Where one row is in its run; all that another node needs to go on from here, beside the noise source's state.
 *
 * @param step steps done
 * @param sample the latent, {@code [channels, height, width]}
 * @param history what a multistep sampler remembers of the step before (its x0), empty where there is nothing
 */
public record SamplerState(int step, float[] sample, float[] history) {

    private static final float[] NONE = {};

    /** A run's start. */
    public static SamplerState start(float[] sample) {
        return new SamplerState(0, sample, NONE);
    }
}
