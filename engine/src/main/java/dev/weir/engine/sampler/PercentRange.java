package dev.weir.engine.sampler;

/**
 * The part of a run in which something counts, as ComfyUI's {@code percent_to_sigma} says it: by noise levels, between shares of the training
 * schedule. Immutable.
 *
 * @param start from 0, the most noise
 * @param end to 1, none
 */
public record PercentRange(double start, double end) {

    public static final PercentRange WHOLE = new PercentRange(0, 1);

    private static final double TIMESTEPS = 999;
    /** Levels of samplers that scale their samples are known to so many digits. */
    private static final double SAME = 1e-6;

    /** Whether it contains a step of a run. @param training of the network */
    public boolean contains(Sampler sampler, int step, SchedulerConfig training) {
        return equals(WHOLE) || sampler.isIn(this, step, training);
    }

    /** Whether it contains a level of a diffusion model. */
    boolean contains(double level, ComfySigmas levels) {
        return level <= level(start, levels) * (1 + SAME) && level >= level(end, levels) * (1 - SAME);
    }

    private static double level(double percent, ComfySigmas levels) {
        if (percent <= 0) {
            return Double.POSITIVE_INFINITY;
        }
        return percent >= 1 ? 0 : levels.at((float) ((1 - percent) * TIMESTEPS));
    }

    /** Whether it contains a level of a rectified flow. Where they are nearly the same, the last bit decides, as there. */
    boolean contains(float level, FlowTable table) {
        return level <= level(start, table) && level >= level(end, table);
    }

    private static float level(double percent, FlowTable table) {
        return percent <= 0 ? 1 : percent >= 1 ? 0 : table.at(1 - percent);
    }
}
