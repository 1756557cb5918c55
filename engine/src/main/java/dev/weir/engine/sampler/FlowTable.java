package dev.weir.engine.sampler;

import java.util.Optional;

/**
 * The noise levels of a rectified flow from which ComfyUI's schedulers choose: {@code ModelSamplingDiscreteFlow} and {@code
 * ModelSamplingFlux} of its {@code comfy/model_sampling.py}, which also is what its nodes ModelSamplingSD3 and ModelSamplingFlux change.
 *
 * @param shift toward the noise; of {@code ModelSamplingFlux}, whose parameter is its logarithm, the exponential of that
 * @param levels how many there are
 */
public record FlowTable(double shift, int levels) {

    static final double LEAST_SHIFT = 0.5;
    static final double MOST_SHIFT = 100;
    static final int MOST_LEVELS = 10_000;
    /** Of the two samplings, for models of a fixed shift and for those whose shift depends on the picture's size. */
    private static final int OF_FIXED = 1000;

    private static final int OF_FLUX = 10_000;
    private static final double FLUX_SHIFT = 1.15;

    public FlowTable {
        if (!(shift >= LEAST_SHIFT && shift <= MOST_SHIFT)) {
            throw new IllegalArgumentException("the shift of noise levels must be between %s and %s, not %s"
                    .formatted(LEAST_SHIFT, MOST_SHIFT, shift));
        }
        if (levels < 1 || levels > MOST_LEVELS) {
            throw new IllegalArgumentException(
                    "a table has between 1 and %d noise levels, not %d".formatted(MOST_LEVELS, levels));
        }
    }

    /** What ComfyUI takes for a model, without regard to the picture's size. */
    static FlowTable of(FlowShift shift) {
        return shift instanceof FlowShift.Fixed fixed
                ? new FlowTable(fixed.shift(), OF_FIXED)
                : new FlowTable(Math.exp(FLUX_SHIFT), OF_FLUX);
    }

    /** That of a run along a schedule of ComfyUI. */
    static FlowTable required(Optional<FlowTable> table) {
        return table.orElseThrow(
                () -> new IllegalArgumentException("parts of a run are counted along schedules of ComfyUI only"));
    }

    /** The level of a time, from 0 to 1. */
    float at(double time) {
        return (float) (shift * time / (1 + (shift - 1) * time));
    }

    /** In float32, as there. */
    ComfySigmas sigmas() {
        float[] training = new float[levels];
        for (int i = 0; i < levels; i++) {
            float time = (i + 1) / (float) levels;
            training[i] = (float) shift * time / (1 + (float) (shift - 1) * time);
        }
        return new ComfySigmas(training, new ComfyTimes.OfFlow(new FlowShift.Fixed(shift)));
    }
}
