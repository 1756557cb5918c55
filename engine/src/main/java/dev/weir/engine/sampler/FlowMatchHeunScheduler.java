package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;
import java.util.Optional;

/**
 * Heun's method on a rectified flow: algorithm 1 of Karras et al. 2022 (arXiv 2206.00364) without its churn. Each step but
 * the last calls the network twice, the second time where Euler's method led.
 *
 * @param comfyui the levels of one of ComfyUI's schedules; empty: those of its own
 */
record FlowMatchHeunScheduler(int train, FlowShift.Fixed shift, Optional<FlowLevels> comfyui) implements Scheduler {

    private static final SigmaSpacing[] COMFYUI = SigmaSpacing.comfyuiAnd();

    static final SchedulerType TYPE = SchedulerType.of("FlowMatchHeunDiscreteScheduler", FlowMatchHeunScheduler::read)
            .named("flow_heun", Calls.TWO_A_STEP, Map.of())
            .withSchedules(COMFYUI)
            .ofProcess(NoisingProcess.FLOW);

    private static final String START = "start";
    private static final String SLOPE = "slope";

    private static FlowMatchHeunScheduler read(SchedulerKeys keys) {
        if (keys.flag(SchedulerConfig.EVEN_LEVELS, false)) {
            throw keys.wrong("sigmas", "of the pipeline, which diffusers' scheduler does not take");
        }
        return new FlowMatchHeunScheduler(
                keys.whole("num_train_timesteps", 1000, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                FlowShift.Fixed.read(keys),
                SigmaSpacing.read(keys, COMFYUI).isOfComfyui() ? Optional.of(FlowLevels.read(keys)) : Optional.empty());
    }

    @Override
    public int mostSteps() {
        return train;
    }

    @Override
    public Sampler sampler(Run run) {
        if (comfyui.isPresent()) {
            FlowRun levels = comfyui.get().run(run);
            return new Steps(levels, comfyui.get().start(levels));
        }
        double[] ends = FlowRun.ends(train, shift);
        double[] even = FlowRun.even(run.steps(), train, ends[0], ends[1]);
        float[] levels = new float[even.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (float) shift.of(even[i]);
        }
        return new Steps(new FlowRun(train, levels, 0), 1);
    }

    private final class Steps implements Sampler {

        private final FlowRun run;
        private final float start;

        /** @param start the factor of the first noise */
        Steps(FlowRun run, float start) {
            this.run = run;
            this.start = start;
        }

        @Override
        public float initialNoiseScale() {
            return start;
        }

        @Override
        public int steps() {
            return Calls.TWO_A_STEP.of(run.levels().length);
        }

        @Override
        public int order() {
            return 2;
        }

        @Override
        public float timestep(int step) {
            return run.timestep((step + 1) / 2);
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return FlowRun.addNoise(run.level((step + 1) / 2), original, noise);
        }

        @Override
        public boolean isIn(PercentRange range, int step, SchedulerConfig training) {
            return range.contains(run.level((step + 1) / 2), FlowTable.required(comfyui.flatMap(FlowLevels::table)));
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float[] sample = state.sample();
            int from = state.step() / 2;
            float stride = run.level(from + 1) - run.level(from);
            float[] original = FlowRun.original(run.level((state.step() + 1) / 2), sample, modelOutput);
            if (state.step() % 2 == 0) {
                float[] next = Floats.mix(1, sample, stride, modelOutput);
                return new Advance(state.next(next, Map.of(START, sample, SLOPE, modelOutput)), original);
            }
            float[] mean = Floats.mix(0.5f, state.recall(SLOPE), 0.5f, modelOutput);
            return new Advance(state.next(Floats.mix(1, state.recall(START), stride, mean)), original);
        }
    }
}
