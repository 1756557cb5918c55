package dev.weir.engine.sampler;

import java.util.Set;
import java.util.stream.Collectors;

/**
 * UniPC: Zhao et al. 2023 (arXiv 2302.04867). A predictor from the last outputs, and a corrector of the last step by the
 * output at the level where it led.
 *
 * @param onOriginal whether it combines predictions of x0, not of the noise
 * @param bh2 whether B(h) is exp(h) - 1, not h
 * @param uncorrected steps whose result is not corrected
 */
record UniPcScheduler(
        SolverSchedule schedule,
        Prediction prediction,
        Clipping clipping,
        int order,
        boolean lowerOrderFinal,
        boolean onOriginal,
        boolean bh2,
        Set<Integer> uncorrected)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("UniPCMultistepScheduler", UniPcScheduler::read)
            .named("unipc")
            .withSchedules(SolverSchedule.ALL);

    private static final int MOST_ORDER = 6;
    private static final int MOST_UNCORRECTED = 1000;

    private static UniPcScheduler read(SchedulerKeys keys) {
        boolean endsAtLeast = DpmSolver.endsAtLeast(keys);
        SolverSchedule schedule = SolverSchedule.read(keys, NoiseSchedule.Defaults.RESCALABLE, SolverSchedule.ALL)
                .endingAt(endsAtLeast ? SolverSchedule.End.LAST : SolverSchedule.End.ZERO);
        boolean onOriginal = keys.flag("predict_x0", true);
        int order = keys.whole("solver_order", 2, 1, MOST_ORDER);
        boolean lowerOrderFinal = keys.flag("lower_order_final", true);
        boolean bh2 = !keys.word("solver_type", "bh2", "bh1", "midpoint", "heun", "logrho")
                .equals("bh1");
        requireFinite(keys, endsAtLeast, onOriginal, bh2, lowerOrderFinal || order == 1);
        if (keys.has("solver_p")) {
            throw keys.wrong("solver_p", "another scheduler");
        }
        return new UniPcScheduler(
                schedule,
                onOriginal
                        ? Prediction.readWithFlow(keys, schedule.isFlow())
                        : Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE),
                Clipping.readThreshold(keys),
                order,
                lowerOrderFinal,
                onOriginal,
                bh2,
                keys.numbers("disable_corrector", 0, Integer.MAX_VALUE, MOST_UNCORRECTED).stream()
                        .map(Double::intValue)
                        .collect(Collectors.toUnmodifiableSet()));
    }

    /** What diffusers computes as not a number in the last step, whose stride in lambda is infinite. */
    private static void requireFinite(
            SchedulerKeys keys, boolean endsAtLeast, boolean onOriginal, boolean bh2, boolean endsInFirstOrder) {
        if (endsAtLeast) {
            return;
        }
        if (!onOriginal) {
            throw keys.wrong("predict_x0", "false with final_sigmas_type zero");
        }
        if (!bh2) {
            throw keys.wrong("solver_type", "bh1 with final_sigmas_type zero");
        }
        if (!endsInFirstOrder) {
            throw keys.wrong("lower_order_final", "false with final_sigmas_type zero");
        }
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new UniPcSampler(this, schedule.levels(run.steps()));
    }
}
