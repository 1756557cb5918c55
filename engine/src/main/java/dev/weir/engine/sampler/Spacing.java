package dev.weir.engine.sampler;

import java.util.List;

/** Which training timesteps a run of fewer steps visits; table 2 of Lin et al. 2023 (arXiv 2305.08891). */
enum Spacing {
    LINSPACE,
    LEADING,
    TRAILING,
    /** Of GLIDE's upsampler: fewer at the noisy end of 27 steps, else as linspace. Each step leads to the next one. */
    FAST27;

    /** Those that diffusers has. */
    static final List<Spacing> USUAL = List.of(LINSPACE, LEADING, TRAILING);

    static final int TRAIN_OF_FAST27 = 1000;

    private static final int STEPS = 27;
    /** Of so many equal parts of the training schedule, the clean end first. */
    private static final int[] PARTS = {10, 10, 3, 2, 2};

    private static final int BELOW_LAST = 2;

    boolean isOwn(int steps) {
        return this == FAST27 && steps == STEPS;
    }

    /** Timesteps of as many steps as {@link #isOwn} has, evenly from the first to the last of each part, from the noisiest down. */
    static int[] fast27() {
        int[] timesteps = new int[STEPS];
        int part = TRAIN_OF_FAST27 / PARTS.length;
        int at = STEPS;
        for (int i = 0; i < PARTS.length; i++) {
            for (int step = 0; step < PARTS[i]; step++) {
                timesteps[--at] = i * part + (int) Math.rint(step * ((part - 1.0) / (PARTS[i] - 1)));
            }
        }
        timesteps[0] -= BELOW_LAST;
        return timesteps;
    }
}
