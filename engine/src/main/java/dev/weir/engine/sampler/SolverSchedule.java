package dev.weir.engine.sampler;

import java.util.Optional;

/**
 * The keys of the solvers on samples of unit variance (DPM-Solver and its kin): which noise levels a run visits.
 *
 * @param flowShift of a flow's noise levels; empty where the model is no flow
 * @param lambdaMinClipped the least half log signal-to-noise ratio that a run starts from
 * @param roundsKarras whether timesteps of Karras' and Lu's levels are rounded, not cut off
 * @param end where the last step ends
 */
record SolverSchedule(
        NoiseSchedule noise,
        Timesteps timesteps,
        SigmaSpacing spacing,
        Sigmas.Bounds bounds,
        Optional<Double> flowShift,
        double lambdaMinClipped,
        boolean roundsKarras,
        End end) {

    static final SigmaSpacing[] ALL = SigmaSchedule.ALL;

    enum End {
        ZERO,
        /** The least level of the training schedule. */
        LEAST,
        /** The run's own last level once more, or the least where levels are those of the timesteps. */
        LAST
    }

    /**
     * Timesteps and levels of a run: one of each for a step, and the level where the last step ends.
     *
     * @param initialScale what unit noise is multiplied with to be the first sample
     * @param addsAll whether a first sample that shows a picture has as much noise as one that does not
     */
    record Levels(int[] timesteps, Level[] levels, float initialScale, boolean addsAll) {

        Levels(int[] timesteps, Level[] levels) {
            this(timesteps, levels, 1, false);
        }
    }

    /** Reads the keys that all of them have. */
    static SolverSchedule read(SchedulerKeys keys, NoiseSchedule.Defaults defaults, SigmaSpacing... spacings) {
        NoiseSchedule noise = NoiseSchedule.read(keys, defaults);
        double shift = keys.number("flow_shift", 1, Float.MIN_NORMAL, Float.MAX_VALUE);
        boolean flow = keys.flag("use_flow_sigmas", false);
        SigmaSpacing spacing = SigmaSpacing.read(keys, spacings);
        if (flow && spacing != SigmaSpacing.NORMAL) {
            throw keys.wrong("use_flow_sigmas", "true beside the %s schedule".formatted(spacing.schedule()));
        }
        return new SolverSchedule(
                noise,
                Timesteps.read(keys, Spacing.LINSPACE, noise.length()),
                spacing,
                Sigmas.Bounds.read(keys),
                flow ? Optional.of(shift) : Optional.empty(),
                Double.NEGATIVE_INFINITY,
                true,
                End.ZERO);
    }

    boolean isFlow() {
        return flowShift.isPresent();
    }

    SolverSchedule with(Timesteps newTimesteps) {
        return new SolverSchedule(noise, newTimesteps, spacing, bounds, flowShift, lambdaMinClipped, roundsKarras, end);
    }

    SolverSchedule clippedAt(double lambda) {
        return new SolverSchedule(noise, timesteps, spacing, bounds, flowShift, lambda, roundsKarras, end);
    }

    SolverSchedule roundingKarras(boolean rounds) {
        return new SolverSchedule(noise, timesteps, spacing, bounds, flowShift, lambdaMinClipped, rounds, end);
    }

    SolverSchedule endingAt(End newEnd) {
        return new SolverSchedule(noise, timesteps, spacing, bounds, flowShift, lambdaMinClipped, roundsKarras, newEnd);
    }

    Levels levels(int steps) {
        if (spacing.isOfComfyui()) {
            return comfyui(steps);
        }
        return flowShift.isPresent() ? flow(steps) : diffusion(steps);
    }

    private Levels comfyui(int steps) {
        ComfySigmas comfy = ComfySigmas.of(noise);
        float[] sigmas = comfy.levels(spacing, steps, false);
        int[] visited = new int[sigmas.length - 1];
        Level[] levels = new Level[sigmas.length];
        for (int i = 0; i < sigmas.length; i++) {
            levels[i] = Level.of(sigmas[i]);
        }
        for (int i = 0; i < visited.length; i++) {
            visited[i] = (int) comfy.timestep(sigmas[i]);
        }
        return new Levels(visited, levels, comfy.isLargest(sigmas[0]) ? 1 : levels[0].spread(), true);
    }

    private Levels diffusion(int steps) {
        Sigmas training = Sigmas.of(noise, bounds);
        int[] visited;
        double[] sigmas;
        if (spacing == SigmaSpacing.NORMAL) {
            visited = timesteps.beforeEnd(steps, training.timestepsFrom(lambdaMinClipped));
            sigmas = new double[visited.length];
            for (int i = 0; i < sigmas.length; i++) {
                sigmas[i] = training.at(visited[i]);
            }
        } else {
            sigmas = training.spaced(spacing, training.largest(), training.smallest(), steps);
            visited = new int[steps];
            for (int i = 0; i < steps; i++) {
                double timestep = training.timestep(sigmas[i]);
                visited[i] = (int) (rounds() ? Math.rint(timestep) : timestep);
            }
        }
        float least = training.training()[0];
        float last = spacing == SigmaSpacing.NORMAL ? least : (float) sigmas[sigmas.length - 1];
        Level[] levels = new Level[sigmas.length + 1];
        for (int i = 0; i < sigmas.length; i++) {
            levels[i] = Level.of((float) sigmas[i]);
        }
        levels[sigmas.length] = Level.of(endsAt(least, last));
        return new Levels(visited, levels);
    }

    private boolean rounds() {
        return roundsKarras && (spacing == SigmaSpacing.KARRAS || spacing == SigmaSpacing.LU);
    }

    private float endsAt(float least, float last) {
        return switch (end) {
            case ZERO -> 0;
            case LEAST -> least;
            case LAST -> last;
        };
    }

    private Levels flow(int steps) {
        int train = noise.length();
        double shift = flowShift.orElseThrow();
        int[] visited = new int[steps];
        Level[] levels = new Level[steps + 1];
        float last = 0;
        for (int i = 0; i < steps; i++) {
            double even = 1 - (1 + (steps - i) * ((1.0 / train - 1) / steps));
            double sigma = shift * even / (1 + (shift - 1) * even);
            visited[i] = (int) (sigma * train);
            last = (float) sigma;
            levels[i] = Level.ofFlow(last);
        }
        levels[steps] = Level.ofFlow(endsAt(noise.sigmas()[0], last));
        return new Levels(visited, levels);
    }
}
