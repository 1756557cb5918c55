package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The schedule and the update rule of one run: sampler, step count and model are fixed in it, the state is not.
 *
 * <p>Immutable, so rows of one batch that run the same way may share it. It draws no noise of its own and knows no
 * network: {@link #advance} is a pure function of the state, the network's output and the noise that it is given.
 */
public interface Sampler {

    /** The number of network calls. */
    int steps();

    /** The factor for the unit normal noise of the first sample. */
    default float initialNoiseScale() {
        return 1;
    }

    /** The network's timestep at a step, on the training schedule; need not be whole. */
    float timestep(int step);

    /** The network's input at a step. May be the array itself if nothing is scaled. */
    default float[] scaleInput(int step, float[] sample) {
        return sample;
    }

    /**
     * Makes one step.
     *
     * @param state of the row
     * @param modelOutput the network's output (after guidance) for {@code scaleInput(state.step(), state.sample())}
     * @param noise the row's own; stochastic samplers draw one tensor of the sample's size per step from it, others
     *     none
     */
    Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise);

    /**
     * @param next the state after the step
     * @param predictedOriginal x0, the predicted clean latent, which previews show
     */
    record Advance(SamplerState next, float[] predictedOriginal) {}
}
