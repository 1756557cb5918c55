package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * DDPM on a continuous cosine schedule, as in Wuerstchen (Pernias et al. 2023, arXiv 2306.00637) and Stable Cascade. The
 * network is told the time, from 1 down to 0, and predicts the noise.
 *
 * @param scaler an exponent of the time: above 1, it slows the schedule's end, and below 1 its start
 * @param offset of the cosine at time 0: equation 17 of Nichol and Dhariwal 2021 (arXiv 2102.09672)
 * @param table whether runs of {@value #TABLE_STEPS} steps visit the times that diffusers has for Wuerstchen's prior
 */
record WuerstchenScheduler(double scaler, double offset, boolean table) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("DDPMWuerstchenScheduler", WuerstchenScheduler::read)
            .named("wuerstchen")
            .ofProcess(NoisingProcess.WUERSTCHEN);

    private static final int MOST_STEPS = 1000;
    /** What {@code timestep_spacing} says where the table counts. diffusers' class has no such key, and others' values have no effect. */
    private static final String TABLE = "stage_c";

    private static final int TABLE_STEPS = 29;
    /** Of the table, those down to the time below. */
    private static final int FIRST_STEPS = 19;

    private static final double AFTER_FIRST = 2 / 3.0;

    private static WuerstchenScheduler read(SchedulerKeys keys) {
        return new WuerstchenScheduler(
                keys.number("scaler", 1, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("s", 0.008, 0, 1),
                keys.json().path("timestep_spacing").asText().equals(TABLE));
    }

    @Override
    public int mostSteps() {
        return MOST_STEPS;
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(table && run.steps() == TABLE_STEPS ? tabled() : Floats.linspace(1, 0, run.steps() + 1));
    }

    /** {@code DEFAULT_STAGE_C_TIMESTEPS}: two parts, each of even steps. */
    private static float[] tabled() {
        float[] times = new float[TABLE_STEPS + 1];
        for (int i = 0; i < TABLE_STEPS; i++) {
            int left = TABLE_STEPS - i;
            times[i] = (float)
                    (i <= FIRST_STEPS
                            ? 1 - i * (1 - AFTER_FIRST) / FIRST_STEPS
                            : left * AFTER_FIRST / (TABLE_STEPS - FIRST_STEPS));
        }
        return times;
    }

    private float alphaCumprod(float time) {
        double scaled = scaler > 1 ? 1 - Math.pow(1 - time, scaler) : Math.pow(time, scaler);
        float alpha = squaredCosine((float) scaled) / squaredCosine(0);
        return Math.min(Math.max(alpha, 0.0001f), 0.9999f);
    }

    private float squaredCosine(float time) {
        float shift = (float) offset;
        float cosine = (float) Math.cos((time + shift) / (1 + shift) * (float) Math.PI * 0.5f);
        return cosine * cosine;
    }

    private final class Steps implements Sampler {

        private final float[] times;

        Steps(float[] times) {
            this.times = times;
        }

        @Override
        public int steps() {
            return times.length - 1;
        }

        @Override
        public float timestep(int step) {
            return times[step];
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            float alpha = alphaCumprod(times[step]);
            return Floats.mix(Floats.sqrt(alpha), original, Floats.sqrt(1 - alpha), noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float[] sample = state.sample();
            float alpha = alphaCumprod(times[step]);
            float alphaNext = alphaCumprod(times[step + 1]);
            float share = alpha / alphaNext;
            float scale = Floats.sqrt(1 / share);
            float spread = Floats.sqrt(1 - alpha);
            float[] original = Prediction.EPSILON.original(Floats.sqrt(alpha), spread, sample, modelOutput);
            float[] next = Floats.mix(scale, sample, -scale * (1 - share) / spread, modelOutput);
            float[] fresh = noise.normal(next.length);
            if (step < steps() - 1) {
                next = Floats.mix(1, next, Floats.sqrt((1 - share) * (1 - alphaNext) / (1 - alpha)), fresh);
            }
            return new Advance(state.next(next), original);
        }
    }
}
