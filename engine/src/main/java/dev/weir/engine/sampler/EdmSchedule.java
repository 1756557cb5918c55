package dev.weir.engine.sampler;

/**
 * The keys of the two EDM schedulers: noise levels, and what the network's output means. The network predicts neither noise
 * nor x0 but a mix that has unit variance at all levels: Karras et al. 2022 (arXiv 2206.00364), section 5 and table 1.
 *
 * @param exponential whether the levels are even in their logarithm, not those of equation 5
 * @param isVelocity whether the network predicts the mix's negative
 * @param endsAtLeast whether a run ends at its last noise level, not at zero
 */
record EdmSchedule(EdmLevels levels, boolean exponential, boolean isVelocity, boolean endsAtLeast) {

    static final int MOST_STEPS = 1000;

    static EdmSchedule read(SchedulerKeys keys) {
        return new EdmSchedule(
                EdmLevels.read(keys),
                keys.word("sigma_schedule", "karras", "exponential").equals("exponential"),
                keys.word("prediction_type", "epsilon", "v_prediction").equals("v_prediction"),
                keys.word("final_sigmas_type", "zero", "sigma_min").equals("sigma_min"));
    }

    /** The levels of a run, and where its last step ends. */
    float[] sigmas(int steps) {
        float[] sigmas = new float[steps + 1];
        float[] logs = Floats.linspace(Math.log(levels.least()), Math.log(levels.most()), steps);
        for (int i = 0; i < steps; i++) {
            double share = steps == 1 ? 0 : i / (steps - 1.0);
            sigmas[i] = exponential ? Floats.exp(logs[steps - 1 - i]) : (float) levels.karras(share);
        }
        sigmas[steps] = endsAtLeast ? sigmas[steps - 1] : 0;
        return sigmas;
    }

    /** What the network is told of a level. */
    static float timestep(float sigma) {
        return 0.25f * Floats.log(sigma);
    }

    float initialNoiseScale() {
        return (float) Math.sqrt(levels.most() * levels.most() + 1);
    }

    float[] original(float sigma, float[] sample, float[] output) {
        float variance = (float) (levels.data() * levels.data());
        float outputShare = sigma * (float) levels.data() / levels.deviation(sigma);
        float sampleShare = variance / (sigma * sigma + variance);
        return Floats.mix(sampleShare, sample, isVelocity ? -outputShare : outputShare, output);
    }
}
