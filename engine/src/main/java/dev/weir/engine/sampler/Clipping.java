package dev.weir.engine.sampler;

import java.util.Arrays;

/**
 * How a predicted x0 is kept in the range that the model was trained in: not at all, by a fixed range, or by the quantile of
 * its magnitudes (dynamic thresholding, Saharia et al. 2022, arXiv 2205.11487), which then goes before the fixed range.
 *
 * @param range of a fixed clip; 0: none
 * @param ratio of the values that dynamic thresholding leaves as they are; 0: no thresholding
 * @param most the largest magnitude that dynamic thresholding divides by
 */
record Clipping(float range, double ratio, float most) {

    static final Clipping NONE = new Clipping(0, 0, 0);

    /** The keys of the schedulers that know both. */
    static Clipping read(SchedulerKeys keys, boolean clipsByDefault) {
        Clipping threshold = readThreshold(keys);
        return threshold.equals(NONE) ? readRange(keys, clipsByDefault) : threshold;
    }

    /** The keys of the schedulers that only clip. */
    static Clipping readRange(SchedulerKeys keys, boolean clipsByDefault) {
        boolean clips = keys.flag("clip_sample", clipsByDefault);
        double range = keys.number("clip_sample_range", 1, Float.MIN_NORMAL, Float.MAX_VALUE);
        return clips ? new Clipping((float) range, 0, 0) : NONE;
    }

    /** The keys of the schedulers that only threshold. */
    static Clipping readThreshold(SchedulerKeys keys) {
        boolean thresholds = keys.flag("thresholding", false);
        double ratio = keys.number("dynamic_thresholding_ratio", 0.995, Float.MIN_NORMAL, 1);
        double most = keys.number("sample_max_value", 1, Float.MIN_NORMAL, Float.MAX_VALUE);
        return thresholds ? new Clipping(0, ratio, (float) most) : NONE;
    }

    /** In place. */
    void clip(float[] original) {
        if (ratio > 0) {
            threshold(original);
        } else if (range > 0) {
            clamp(original, range);
        }
    }

    private void threshold(float[] original) {
        float bound = Math.min(Math.max(quantile(original), 1), most);
        clamp(original, bound);
        for (int i = 0; i < original.length; i++) {
            original[i] /= bound;
        }
    }

    /** Of the magnitudes, linear between neighbours. */
    private float quantile(float[] values) {
        float[] sorted = new float[values.length];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = Math.abs(values[i]);
        }
        Arrays.sort(sorted);
        float rank = (float) ratio * (sorted.length - 1);
        int below = (int) rank;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
    }

    private static void clamp(float[] values, float bound) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.min(Math.max(values[i], -bound), bound);
        }
    }
}
