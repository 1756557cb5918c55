package dev.weir.engine.sampler;

/**
 * The timesteps that a few-step model was distilled at, and which of them a run visits: Luo et al. 2023 (arXiv
 * 2310.04378).
 *
 * @param train number of training timesteps
 * @param original number of timesteps of the distillation, which no run exceeds
 */
record DistilledTimesteps(int train, int original) {

    static DistilledTimesteps read(SchedulerKeys keys, int train) {
        return new DistilledTimesteps(train, keys.whole("original_inference_steps", 50, 1, train));
    }

    /** The visited timesteps. With a strength below 1, only so much of the distillation's schedule is used. */
    int[] of(int steps, double strength) {
        int count = (int) (original * strength);
        if (steps > count) {
            throw new IllegalArgumentException(
                    "%d steps are more than %d, the distillation's steps times the strength".formatted(steps, count));
        }
        int stride = train / original;
        int[] timesteps = new int[steps];
        for (int i = 0; i < steps; i++) {
            int fromEnd = (int) (i * ((double) count / steps));
            timesteps[i] = (count - fromEnd) * stride - 1;
        }
        return timesteps;
    }
}
