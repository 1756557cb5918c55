package dev.weir.engine.sampler;

import java.util.Arrays;

/**
 * The noise levels of a run of a rectified flow, whose samples are {@code (1 - sigma) x0 + sigma noise}: Liu et al. 2022
 * (arXiv 2209.03003). The network tells {@code noise - x0}.
 *
 * @param train training timesteps: the network's timestep is a level times this
 * @param levels one for each step of the schedule
 * @param end the level after the last step: of clean samples
 */
record FlowRun(int train, float[] levels, float end) {

    /** @param levels with that of clean samples at their end */
    static FlowRun of(int train, float[] levels) {
        return new FlowRun(train, Arrays.copyOf(levels, levels.length - 1), levels[levels.length - 1]);
    }

    /** The evenly spaced levels before a shift, from the noisiest down. */
    static double[] even(int steps, int train, double first, double last) {
        double[] levels = new double[steps];
        double from = first * train;
        double stride = steps > 1 ? (last * train - from) / (steps - 1) : 0;
        for (int i = 0; i < steps; i++) {
            levels[i] = (i > 0 && i == steps - 1 ? last * train : from + i * stride) / train;
        }
        return levels;
    }

    /** The largest and the smallest level of the training schedule. diffusers shifts them, and then shifts all levels again. */
    static double[] ends(int train, FlowShift.Fixed shift) {
        return new double[] {shifted(1, shift), shifted(1f / train, shift)};
    }

    private static double shifted(float sigma, FlowShift.Fixed shift) {
        float by = (float) shift.shift();
        return by * sigma / (1 + (float) (shift.shift() - 1) * sigma);
    }

    float level(int step) {
        return step < levels.length ? levels[step] : end;
    }

    float timestep(int step) {
        return levels[step] * train;
    }

    static float[] original(float sigma, float[] sample, float[] output) {
        return Floats.mix(1, sample, -sigma, output);
    }

    static float[] addNoise(float sigma, float[] original, float[] noise) {
        return Floats.mix(sigma, noise, 1 - sigma, original);
    }
}
