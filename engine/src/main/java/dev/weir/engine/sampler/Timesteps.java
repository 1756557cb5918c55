package dev.weir.engine.sampler;

import java.util.Arrays;
import java.util.List;

/**
 * Which training timesteps a run visits, from the noisiest down.
 *
 * <p>Trailing gives as many as asked for where the reference, for some counts (61 of 1000), rounds its way to one more
 * that lies before the schedule's start.
 *
 * @param train number of training timesteps
 * @param offset added to each timestep of the leading spacing
 */
record Timesteps(Spacing spacing, int train, int offset) {

    static Timesteps read(SchedulerKeys keys, Spacing byDefault, int train) {
        return read(keys, byDefault, Spacing.USUAL, train);
    }

    /** @param known the spacings that a scheduler has */
    static Timesteps read(SchedulerKeys keys, Spacing byDefault, List<Spacing> known, int train) {
        Spacing spacing = keys.choice("timestep_spacing", byDefault, known);
        if (spacing == Spacing.FAST27 && train != Spacing.TRAIN_OF_FAST27) {
            throw keys.wrong("num_train_timesteps", train + " with timestep_spacing fast27");
        }
        return new Timesteps(spacing, train, keys.whole("steps_offset", 0, 0, train - 1));
    }

    /** Whole timesteps, as DDPM and DDIM visit them. */
    int[] whole(int steps) {
        if (spacing.isOwn(steps)) {
            return Spacing.fast27();
        }
        double[] spaced = spaced(steps);
        int[] timesteps = new int[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (int) Math.rint(spaced[i]);
        }
        return timesteps;
    }

    /** Timesteps of float32, as the Euler samplers visit them: only linspace's are not whole. */
    float[] fractional(int steps) {
        double[] spaced = spaced(steps);
        float[] timesteps = new float[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (float) spaced[i];
        }
        return timesteps;
    }

    /**
     * Whole timesteps of the DPM solvers, which lay one more than they visit between the last timestep and the clean end.
     *
     * <p>Trailing keeps its stride and so visits fewer than asked for where a run starts below the schedule's end.
     *
     * @param last one past the timestep that a run starts from
     */
    int[] beforeEnd(int steps, int last) {
        int[] timesteps = new int[steps];
        int count = 0;
        while (count < steps) {
            int fromEnd = steps - count;
            int timestep =
                    switch (spacing) {
                        case LINSPACE, FAST27 -> (int) Math.rint(fromEnd * ((last - 1.0) / steps));
                        case LEADING -> fromEnd * (last / (steps + 1)) + offset;
                        case TRAILING -> (int) Math.rint(countDown(last, steps, count)) - 1;
                    };
            if (timestep < 0) {
                break;
            }
            timesteps[count++] = timestep;
        }
        if (count == 0 || timesteps[0] > train - 1) {
            throw pastSchedule(steps);
        }
        return Arrays.copyOf(timesteps, count);
    }

    private double[] spaced(int steps) {
        double[] timesteps = new double[steps];
        for (int i = 0; i < steps; i++) {
            int fromEnd = steps - 1 - i;
            timesteps[i] = switch (spacing) {
                case LINSPACE, FAST27 -> Math.min(fromEnd * ((train - 1.0) / Math.max(steps - 1, 1)), train - 1);
                case LEADING -> fromEnd * (train / steps) + offset;
                case TRAILING -> Math.rint(countDown(train, steps, i)) - 1;
            };
        }
        if (timesteps[0] > train - 1) {
            throw pastSchedule(steps);
        }
        return timesteps;
    }

    /** As {@code numpy.arange} counts: what lies halfway between two timesteps must round to the same one. */
    private double countDown(int from, int steps, int index) {
        double second = from - (double) train / steps;
        return from + index * (second - from);
    }

    private IllegalArgumentException pastSchedule(int steps) {
        return new IllegalArgumentException(
                "%d steps with an offset of %d do not fit the %d training timesteps".formatted(steps, offset, train));
    }
}
