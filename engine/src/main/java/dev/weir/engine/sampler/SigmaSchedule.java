package dev.weir.engine.sampler;

/**
 * The keys of the schedulers that add noise of growing variance (Euler and its kin): which noise levels a run visits.
 *
 * @param endsAtLeast whether a run ends at the least training sigma, not at zero
 */
record SigmaSchedule(
        NoiseSchedule noise, Timesteps timesteps, SigmaSpacing spacing, Sigmas.Bounds bounds, boolean endsAtLeast) {

    static final SigmaSpacing[] ALL = {
        SigmaSpacing.NORMAL, SigmaSpacing.KARRAS, SigmaSpacing.EXPONENTIAL, SigmaSpacing.BETA
    };
    static final SigmaSpacing[] ALL_AND_COMFYUI = SigmaSpacing.comfyuiAnd(ALL);

    static SigmaSchedule read(SchedulerKeys keys, NoiseSchedule.Defaults defaults, SigmaSpacing... spacings) {
        NoiseSchedule noise = NoiseSchedule.read(keys, defaults);
        return new SigmaSchedule(
                noise,
                Timesteps.read(keys, Spacing.LINSPACE, noise.length()),
                SigmaSpacing.read(keys, spacings),
                Sigmas.Bounds.read(keys),
                false);
    }

    SigmaSchedule endingAtLeast(boolean ends) {
        return new SigmaSchedule(noise, timesteps, spacing, bounds, ends);
    }

    /** Without the ends that the file says. */
    SigmaSchedule unbounded() {
        return new SigmaSchedule(noise, timesteps, spacing, Sigmas.Bounds.NONE, endsAtLeast);
    }

    SigmaRun run(int steps) {
        return run(steps, false, false);
    }

    /**
     * The run of so many steps.
     *
     * @param rounds whether Karras' timesteps are whole
     * @param logLinear whether the levels of the timesteps are even in their logarithm, which takes one more level
     */
    SigmaRun run(int steps, boolean rounds, boolean logLinear) {
        if (spacing.isOfComfyui()) {
            return comfyui(steps, false);
        }
        Sigmas training = Sigmas.of(noise, bounds);
        float[] visited = timesteps.fractional(steps);
        double[] sigmas = logLinear ? logLinear(training, steps) : at(training, visited);
        if (spacing != SigmaSpacing.NORMAL) {
            sigmas = training.spaced(spacing, sigmas[0], sigmas[sigmas.length - 1], steps);
            for (int i = 0; i < steps; i++) {
                double timestep = training.timestep(sigmas[i]);
                visited[i] = (float) (rounds && spacing == SigmaSpacing.KARRAS ? Math.rint(timestep) : timestep);
            }
        }
        float[] closed = new float[sigmas.length + 1];
        for (int i = 0; i < sigmas.length; i++) {
            closed[i] = (float) sigmas[i];
        }
        closed[sigmas.length] = endsAtLeast ? training.training()[0] : 0;
        return new SigmaRun(visited, closed, timesteps.spacing() == Spacing.LEADING, false);
    }

    /** A run of one of ComfyUI's schedules. See {@link ComfySigmas#levels}. */
    SigmaRun comfyui(int steps, boolean dropsPenultimate) {
        ComfySigmas comfy = ComfySigmas.of(noise);
        float[] levels = comfy.levels(spacing, steps, dropsPenultimate);
        return new SigmaRun(comfy.timesteps(levels), levels, comfy.isLargest(levels[0]), true);
    }

    private static double[] at(Sigmas training, float[] timesteps) {
        double[] sigmas = new double[timesteps.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = training.at(timesteps[i]);
        }
        return sigmas;
    }

    private static double[] logLinear(Sigmas training, int steps) {
        float[] logs = Floats.linspace(Math.log(training.largest()), Math.log(training.smallest()), steps + 1);
        double[] sigmas = new double[logs.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = Floats.exp(logs[i]);
        }
        return sigmas;
    }
}
