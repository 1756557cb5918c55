package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The schedule and the update rule of one run: scheduler, step count and model are fixed in it, the state is not.
 *
 * <p>Immutable, so rows of one batch that run the same way may share it. It draws no noise of its own and knows no
 * network: {@link #advance} is a pure function of the state, the network's output and the noise that it is given.
 *
 * <p>A step here is one network call. Second-order methods need two calls for a step of the schedule.
 */
public interface Sampler {

    /** The number of network calls. */
    int steps();

    /** Network calls for each step of the schedule: 2 for second-order methods. Runs begin at multiples of it. */
    default int order() {
        return 1;
    }

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

    /** A clean sample where a run begins that shows it: {@link #addNoise} of the first step, unless the schedule says more. */
    default float[] start(float[] original, float[] noise) {
        return addNoise(0, original, noise);
    }

    /**
     * A clean sample at the noise level of a step: where an image-to-image run begins, and what inpainting keeps of the
     * image.
     *
     * @param noise unit normal, of the sample's size
     */
    float[] addNoise(int step, float[] original, float[] noise);

    /** The noise of the sample at a step, for each part of the clean one. */
    default double noiseLevel(int step) {
        float noise = addNoise(step, new float[] {0}, new float[] {1})[0];
        float signal = addNoise(step, new float[] {1}, new float[] {0})[0];
        return (double) noise / signal;
    }

    /** Whether a step is in a part of the training schedule of its network. */
    default boolean isIn(PercentRange range, int step, SchedulerConfig training) {
        return range.contains(noiseLevel(step), ComfySigmas.of(NoiseSchedule.of(training)));
    }

    /** Whether a step may be guided by the gradient of a classifier (Dhariwal and Nichol 2021, arXiv 2105.05233). */
    default boolean takesGradient() {
        return false;
    }

    /**
     * Makes one step.
     *
     * @param state of the row
     * @param modelOutput the network's output (after guidance) for {@code scaleInput(state.step(), state.sample())}; twice
     *     the sample's size where the network predicts a variance too; three times where a classifier's gradient, which only
     *     samplers with {@link #takesGradient} may be given, follows the variance
     * @param noise the row's own; stochastic samplers draw tensors of the sample's size from it, others none
     */
    Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise);

    /**
     * @param next the state after the step
     * @param predictedOriginal x0, the predicted clean latent, which previews show
     */
    record Advance(SamplerState next, float[] predictedOriginal) {}
}
