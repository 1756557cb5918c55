package dev.weir.engine.sampler;

import java.util.List;

/**
 * The state of one row in its run. With the noise source's position, it is everything that another node needs to
 * continue.
 *
 * @param step steps done
 * @param sample the latent, {@code [channels, height, width]}
 * @param history of a multistep sampler: arrays of the sample's size in the sampler's own order; empty if there is none
 */
public record SamplerState(int step, float[] sample, List<float[]> history) {

    public SamplerState {
        history = List.copyOf(history);
    }

    /** The start of a run. */
    public static SamplerState start(float[] sample) {
        return new SamplerState(0, sample, List.of());
    }
}
