package dev.weir.engine.sampler;

import java.util.Optional;

/**
 * The keys of the schedulers of rectified flows: which noise levels a run visits.
 *
 * @param terminal the level of the last step after the shift, to which all levels are stretched; 0: as it is
 * @param inverted whether the levels that the network and the sampler use count from the noise to the clean sample
 * @param even whether the last level before the shift is the share of one step, and not the training schedule's
 * @param table from which a schedule of ComfyUI chooses; empty: the schedule is another one
 */
record FlowLevels(
        int train,
        FlowShift shift,
        double terminal,
        SigmaSpacing spacing,
        Sigmas.Bounds bounds,
        boolean inverted,
        boolean even,
        Optional<FlowTable> table) {

    private static final FlowShift.Fixed NONE = new FlowShift.Fixed(1);
    private static final int COMFYUI_TIMESTEPS = 1000;

    static FlowLevels read(SchedulerKeys keys) {
        FlowShift shift =
                keys.flag("use_dynamic_shifting", false) ? FlowShift.BySize.read(keys) : FlowShift.Fixed.read(keys);
        SigmaSpacing spacing = SigmaSpacing.read(keys, SigmaSchedule.ALL_AND_COMFYUI);
        FlowLevels levels = new FlowLevels(
                keys.whole("num_train_timesteps", COMFYUI_TIMESTEPS, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                shift,
                keys.number("shift_terminal", 0, 0, 0x1.fffffep-1),
                spacing,
                Sigmas.Bounds.read(keys),
                keys.flag("invert_sigmas", false),
                keys.flag(SchedulerConfig.EVEN_LEVELS, false),
                table(keys, shift, spacing));
        if (spacing.isOfComfyui()) {
            levels.requireComfyui(keys);
        }
        return levels;
    }

    private static Optional<FlowTable> table(SchedulerKeys keys, FlowShift shift, SigmaSpacing spacing) {
        if (!spacing.isOfComfyui()) {
            return Optional.empty();
        }
        if (keys.has(SchedulerConfig.TABLE_SHIFT)) {
            return Optional.of(new FlowTable(
                    keys.number(SchedulerConfig.TABLE_SHIFT, 1, FlowTable.LEAST_SHIFT, FlowTable.MOST_SHIFT),
                    keys.whole(SchedulerConfig.TABLE_LEVELS, 1, 1, FlowTable.MOST_LEVELS)));
        }
        if (shift instanceof FlowShift.Fixed) {
            keys.number("shift", FlowTable.LEAST_SHIFT, FlowTable.MOST_SHIFT);
        }
        return Optional.of(FlowTable.of(shift));
    }

    /** ComfyUI has no such options. */
    private void requireComfyui(SchedulerKeys keys) {
        if (train != COMFYUI_TIMESTEPS) {
            throw keys.wrong("num_train_timesteps", "%d with a schedule of ComfyUI".formatted(train));
        }
        if (terminal > 0) {
            throw keys.wrong("shift_terminal", "%s with a schedule of ComfyUI".formatted(terminal));
        }
        if (inverted) {
            throw keys.wrong("invert_sigmas", "true with a schedule of ComfyUI");
        }
    }

    /** The factor of the noise with which a run begins: in ComfyUI its first level. */
    float start(FlowRun run) {
        return table.isPresent() ? run.level(0) : 1;
    }

    FlowRun run(Scheduler.Run run) {
        if (table.isPresent()) {
            return FlowRun.of(train, table.get().sigmas().levels(spacing, run.steps(), false));
        }
        double[] ends = even
                ? new double[] {1, 1.0 / run.steps()}
                : FlowRun.ends(train, shift instanceof FlowShift.Fixed fixed ? fixed : NONE);
        double[] levels = FlowRun.even(run.steps(), train, ends[0], ends[1]);
        var shifted = shift.of(run.tokens());
        for (int i = 0; i < levels.length; i++) {
            levels[i] = shifted.applyAsDouble(levels[i]);
        }
        double last = levels[levels.length - 1];
        if (terminal > 0) {
            double scale = (1 - last) / (1 - terminal);
            for (int i = 0; i < levels.length; i++) {
                levels[i] = 1 - (1 - levels[i]) / scale;
            }
        }
        if (spacing != SigmaSpacing.NORMAL) {
            levels = bounds.spaced(spacing, levels[0], levels[levels.length - 1], levels.length);
        }
        float[] sigmas = new float[levels.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = inverted ? 1 - (float) levels[i] : (float) levels[i];
        }
        return new FlowRun(train, sigmas, inverted ? 1 : 0);
    }
}
