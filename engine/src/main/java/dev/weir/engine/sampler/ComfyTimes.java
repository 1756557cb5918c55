package dev.weir.engine.sampler;

/**
 * The times of noise levels as ComfyUI's {@code comfy/model_sampling.py} says them: some of its schedulers space times and not levels.
 * Immutable by convention.
 */
sealed interface ComfyTimes {

    float of(float sigma);

    float sigma(float time);

    /**
     * {@code ModelSamplingDiscrete}: whole timesteps, between which levels are even in their logarithm.
     *
     * @param logs of the level of each training timestep, growing
     */
    record OfTable(float[] logs) implements ComfyTimes {

        /** The nearest timestep in the logarithm, which is whole. */
        @Override
        public float of(float sigma) {
            float log = Floats.log(sigma);
            int nearest = 0;
            for (int i = 1; i < logs.length; i++) {
                if (Math.abs(log - logs[i]) < Math.abs(log - logs[nearest])) {
                    nearest = i;
                }
            }
            return nearest;
        }

        /** The level of a timestep, which need not be whole. */
        @Override
        public float sigma(float time) {
            int low = (int) time;
            float share = time - low;
            int high = share > 0 ? low + 1 : low;
            return Floats.exp((1 - share) * logs[low] + share * logs[high]);
        }
    }

    /**
     * {@code ModelSamplingDiscreteFlow} and {@code ModelSamplingFlux}: the time of a level is the level itself, and the level of a time is
     * shifted. So their {@code normal} shifts twice.
     */
    record OfFlow(FlowShift.Fixed shift) implements ComfyTimes {

        @Override
        public float of(float sigma) {
            return sigma;
        }

        @Override
        public float sigma(float time) {
            return (float) shift.of(time);
        }
    }
}
