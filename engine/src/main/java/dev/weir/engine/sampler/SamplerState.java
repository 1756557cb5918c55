package dev.weir.engine.sampler;

import java.util.List;

/**
 * Where one row is in its run; all that another node needs to go on from here, beside the noise source's state.
 *
 * @param step steps done
 * @param sample the latent, {@code [channels, height, width]}
 * @param history what a multistep sampler remembers of the steps before, arrays of the sample's size in an order of the
 *     sampler's own; empty where there is nothing
 */
public record SamplerState(int step, float[] sample, List<float[]> history) {

    public SamplerState {
        history = List.copyOf(history);
    }

    /** A run's start. */
    public static SamplerState start(float[] sample) {
        return new SamplerState(0, sample, List.of());
    }
}
