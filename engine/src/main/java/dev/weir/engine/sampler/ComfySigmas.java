package dev.weir.engine.sampler;

/**
 * The noise levels of ComfyUI's schedulers, and its timesteps of them: {@code comfy/samplers.py} and {@code comfy/model_sampling.py}.
 * Computed in float32, as there. Immutable by convention.
 *
 * @param training sigma of each training timestep, growing
 */
record ComfySigmas(float[] training, ComfyTimes times) {

    private static final double RHO = 7;
    private static final double THRESHOLD = 0.025; // of linear_quadratic: where its linear part ends
    private static final double SAME = 1e-5; // a first level so near to the largest one counts as it

    static ComfySigmas of(NoiseSchedule noise) {
        double[] exact = noise.exactSigmas();
        float[] training = new float[exact.length];
        float[] logs = new float[exact.length];
        for (int i = 0; i < logs.length; i++) {
            training[i] = (float) exact[i];
            logs[i] = (float) Math.log(exact[i]);
        }
        return new ComfySigmas(training, new ComfyTimes.OfTable(logs));
    }

    /**
     * The levels of a run, and 0. {@code ddim_uniform} may have one step more than asked for, and {@code beta} less.
     *
     * @param dropsPenultimate whether the run has the levels of one step more, without the last level above 0
     */
    float[] levels(SigmaSpacing spacing, int steps, boolean dropsPenultimate) {
        float[] levels = above0(spacing, dropsPenultimate ? steps + 1 : steps);
        int count = dropsPenultimate && levels.length > 1 ? levels.length - 1 : levels.length;
        float[] closed = new float[count + 1];
        System.arraycopy(levels, 0, closed, 0, count);
        return closed;
    }

    private float[] above0(SigmaSpacing spacing, int steps) {
        return switch (spacing) {
            case COMFYUI_NORMAL -> evenTimes(steps, steps);
            case COMFYUI_SGM_UNIFORM -> evenTimes(steps + 1, steps);
            case COMFYUI_KARRAS -> karras(steps);
            case COMFYUI_EXPONENTIAL -> exponential(steps);
            case COMFYUI_SIMPLE -> simple(steps);
            case COMFYUI_DDIM_UNIFORM -> ddimUniform(steps);
            case COMFYUI_BETA -> beta(steps);
            case COMFYUI_LINEAR_QUADRATIC -> linearQuadratic(steps);
            case COMFYUI_KL_OPTIMAL -> klOptimal(steps);
            default -> throw new IllegalArgumentException("no schedule of ComfyUI: " + spacing);
        };
    }

    float timestep(float sigma) {
        return times.of(sigma);
    }

    float[] timesteps(float[] levels) {
        float[] timesteps = new float[levels.length - 1];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = timestep(levels[i]);
        }
        return timesteps;
    }

    /** Whether a run from this level begins with noise of variance 1 + sigma². */
    boolean isLargest(float sigma) {
        float largest = training[training.length - 1];
        return sigma > largest || Math.abs(sigma - largest) <= SAME * Math.max(sigma, largest);
    }

    /** The first levels of a run over so many times from the largest to the smallest. */
    private float[] evenTimes(int all, int count) {
        float[] even = Floats.linspace(times.of(training[training.length - 1]), times.of(training[0]), all);
        float[] levels = new float[count];
        for (int i = 0; i < count; i++) {
            levels[i] = at(even[i]);
        }
        return levels;
    }

    /** The level of a timestep, which need not be whole. */
    float at(float timestep) {
        return times.sigma(timestep);
    }

    private float[] karras(int steps) {
        float[] ramp = Floats.linspace(0, 1, steps);
        double start = Math.pow(training[training.length - 1], 1 / RHO);
        double end = Math.pow(training[0], 1 / RHO);
        float[] levels = new float[steps];
        for (int i = 0; i < steps; i++) {
            levels[i] = (float) Math.pow((float) start + ramp[i] * (float) (end - start), RHO);
        }
        return levels;
    }

    private float[] exponential(int steps) {
        float[] levels = Floats.linspace(Math.log(training[training.length - 1]), Math.log(training[0]), steps);
        for (int i = 0; i < steps; i++) {
            levels[i] = Floats.exp(levels[i]);
        }
        return levels;
    }

    private float[] simple(int steps) {
        double stride = (double) training.length / steps;
        float[] levels = new float[steps];
        for (int i = 0; i < steps; i++) {
            levels[i] = training[training.length - 1 - (int) (i * stride)];
        }
        return levels;
    }

    private float[] ddimUniform(int steps) {
        int stride = Math.max(training.length / steps, 1);
        int count = (training.length - 2) / stride + 1;
        float[] levels = new float[count];
        for (int i = 0; i < count; i++) {
            levels[count - 1 - i] = training[1 + i * stride];
        }
        return levels;
    }

    private float[] beta(int steps) {
        int[] timesteps = new int[steps];
        int count = 0;
        for (int i = 0; i < steps; i++) {
            double quantile = BetaQuantile.of(1 - i * (1.0 / steps));
            int timestep = (int) Math.rint(quantile * (training.length - 1));
            if (count == 0 || timestep != timesteps[count - 1]) {
                timesteps[count++] = timestep;
            }
        }
        float[] levels = new float[count];
        for (int i = 0; i < count; i++) {
            levels[i] = training[timesteps[i]];
        }
        return levels;
    }

    private float[] linearQuadratic(int steps) {
        int linear = steps / 2;
        int quadratic = steps - linear;
        double rest = linear - THRESHOLD * steps;
        double square = rest / (linear * (double) (quadratic * quadratic));
        double slope = THRESHOLD / linear - 2 * rest / (quadratic * quadratic);
        float[] levels = new float[steps];
        for (int i = 0; i < steps; i++) {
            double done = i == 0
                    ? 0
                    : i < linear ? i * THRESHOLD / linear : square * i * i + slope * i + square * linear * linear;
            levels[i] = (float) (1 - done) * training[training.length - 1];
        }
        return levels;
    }

    /** The only step of a run is the first of a longer one. */
    private float[] klOptimal(int steps) {
        double least = Math.atan(training[0]);
        double most = Math.atan(training[training.length - 1]);
        float[] levels = new float[steps];
        for (int i = 0; i < steps; i++) {
            float share = i / (float) Math.max(steps - 1, 1);
            levels[i] = (float) Math.tan(share * (float) least + (1 - share) * (float) most);
        }
        return levels;
    }
}
