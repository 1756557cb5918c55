package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The schedule and the update rule of one run: sampler, step count and model are fixed in it, the state is not.
 *
 * <p>Immutable, so rows of one batch that run the same way may share it. It draws no noise of its own and knows no
 * network: {@link #advance} is a pure function of the state, the network's output and the noise that it is given.
 */
public interface Sampler {

    /** How many times the network runs. */
    int steps();

    /** What the unit normal noise of the first sample is multiplied with. */
    default float initialNoiseScale() {
        return 1;
    }

    /** What the network is told at a step, on the training schedule; need not be whole. */
    float timestep(int step);

    /** The sample as the network wants to see it at a step. May be the array itself where nothing is scaled. */
    default float[] scaleInput(int step, float[] sample) {
        return sample;
    }

    /**
     * One step.
     *
     * @param state where the row is
     * @param modelOutput what the network said (after guidance) of {@code scaleInput(state.step(), state.sample())}
     * @param noise the row's own; stochastic samplers draw one tensor of the sample's size a step from it, others none
     */
    Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise);

    /**
     * @param next the state after the step
     * @param predictedOriginal x0, the clean latent that the network's output implies: what previews show
     */
    record Advance(SamplerState next, float[] predictedOriginal) {}
}
