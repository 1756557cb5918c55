package dev.weir.engine.sampler;

import dev.weir.engine.sampler.SamplerConfig.Spacing;
import java.util.Arrays;

/**
 * Which training timesteps a run visits, from the noisiest down; table 2 of Lin et al. 2023 (arXiv 2305.08891).
 *
 * <p>Trailing gives as many as asked for where the reference, for some counts (61 of 1000), rounds its way to one more
 * that lies before the schedule's start.
 */
final class Timesteps {

    private Timesteps() {}

    /** Whole timesteps, as DDPM and DDIM visit them. */
    static int[] whole(SamplerConfig config, Spacing byDefault, int steps) {
        double[] spaced = spaced(config, byDefault, steps);
        int[] timesteps = new int[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (int) Math.rint(spaced[i]);
        }
        return timesteps;
    }

    /** Timesteps of float32, as the Euler samplers visit them: only linspace's are not whole. */
    static float[] fractional(SamplerConfig config, Spacing byDefault, int steps) {
        double[] spaced = spaced(config, byDefault, steps);
        float[] timesteps = new float[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (float) spaced[i];
        }
        return timesteps;
    }

    /**
     * Whole timesteps of DPM-Solver++, which lays one more than it visits between the last timestep and the clean end.
     *
     * <p>Trailing keeps its stride and so visits fewer than asked for where a run starts below the schedule's end.
     *
     * @param last one past the timestep that a run starts from
     */
    static int[] wholeBeforeEnd(SamplerConfig config, Spacing byDefault, int steps, int last) {
        int train = config.trainTimesteps();
        int[] timesteps = new int[steps];
        int count = 0;
        while (count < steps) {
            int fromEnd = steps - count;
            int timestep =
                    switch (config.spacing().orElse(byDefault)) {
                        case LINSPACE -> (int) Math.rint(fromEnd * ((last - 1.0) / steps));
                        case LEADING -> fromEnd * (last / (steps + 1)) + config.stepsOffset();
                        case TRAILING -> (int) Math.rint(countDown(last, train, steps, count)) - 1;
                    };
            if (timestep < 0) {
                break;
            }
            timesteps[count++] = timestep;
        }
        if (count == 0 || timesteps[0] > train - 1) {
            throw pastSchedule(config, steps);
        }
        return Arrays.copyOf(timesteps, count);
    }

    private static double[] spaced(SamplerConfig config, Spacing byDefault, int steps) {
        int train = config.trainTimesteps();
        double[] timesteps = new double[steps];
        for (int i = 0; i < steps; i++) {
            int fromEnd = steps - 1 - i;
            timesteps[i] = switch (config.spacing().orElse(byDefault)) {
                case LINSPACE -> Math.min(fromEnd * ((train - 1.0) / Math.max(steps - 1, 1)), train - 1);
                case LEADING -> fromEnd * (train / steps) + config.stepsOffset();
                case TRAILING -> Math.rint(countDown(train, train, steps, i)) - 1;
            };
        }
        if (timesteps[0] > train - 1) {
            throw pastSchedule(config, steps);
        }
        return timesteps;
    }

    /** As {@code numpy.arange} counts: what lies halfway between two timesteps must round to the same one. */
    private static double countDown(int from, int train, int steps, int index) {
        double second = from - (double) train / steps;
        return from + index * (second - from);
    }

    private static IllegalArgumentException pastSchedule(SamplerConfig config, int steps) {
        return new IllegalArgumentException("%d steps with an offset of %d do not fit the %d training timesteps"
                .formatted(steps, config.stepsOffset(), config.trainTimesteps()));
    }
}
