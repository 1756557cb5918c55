package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * DDPM as the published code of point-voxel diffusion (Zhou et al. 2021, arXiv 2104.03670) computes it: with all steps of the training,
 * the smaller of the fixed variances, and shares in float32. {@link DdpmScheduler} follows diffusers, where the shares of the last step
 * are 1 and 0; here the first is {@code beta / (1 - alpha)}, which rounding makes 0.99983 for the usual first variance, 0.0001.
 *
 * @param betas whose products are computed in float64
 */
record PointVoxelScheduler(Betas betas) implements Scheduler {

    /** The repository has no name for it. */
    static final SchedulerType TYPE = SchedulerType.of("PVDScheduler", PointVoxelScheduler::read)
            .named("pvd")
            .ofProcess(NoisingProcess.POINT_VOXEL);

    private static final float LEAST_VARIANCE = 1e-20f;
    private static final NoiseSchedule.Defaults DEFAULTS = new NoiseSchedule.Defaults(0.0001, 0.02, "linear", false);

    private static PointVoxelScheduler read(SchedulerKeys keys) {
        return new PointVoxelScheduler(Betas.read(keys, DEFAULTS));
    }

    @Override
    public int mostSteps() {
        return betas.count();
    }

    @Override
    public Sampler sampler(Run run) {
        if (run.steps() != betas.count()) {
            throw new IllegalArgumentException(
                    "steps must be %d: point-voxel diffusion samples with all steps of its training"
                            .formatted(betas.count()));
        }
        return new Steps(betas.exact(betas.rounded()));
    }

    private static final class Steps implements Sampler {

        private final double[] betas;
        private final float[] products;

        Steps(double[] betas) {
            this.betas = betas;
            products = new float[betas.length];
            double product = 1;
            for (int t = 0; t < betas.length; t++) {
                product *= 1 - betas[t];
                products[t] = (float) product;
            }
        }

        @Override
        public int steps() {
            return betas.length;
        }

        @Override
        public float timestep(int step) {
            return betas.length - 1 - step;
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            float alpha = products[betas.length - 1 - step];
            return Floats.mix(Floats.sqrt(alpha), original, Floats.sqrt(1 - alpha), noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int t = betas.length - 1 - state.step();
            float beta = (float) betas[t];
            float alpha = products[t];
            float before = t == 0 ? 1 : products[t - 1];
            float[] original =
                    Floats.mix(Floats.sqrt(1 / alpha), state.sample(), -Floats.sqrt(1 / alpha - 1), modelOutput);
            float originalShare = beta * Floats.sqrt(before) / (1 - alpha);
            float sampleShare = (1 - before) * Floats.sqrt((float) (1 - betas[t])) / (1 - alpha);
            float[] next = Floats.mix(originalShare, original, sampleShare, state.sample());
            if (t > 0) {
                float variance = Math.max(beta * (1 - before) / (1 - alpha), LEAST_VARIANCE);
                next = Floats.mix(1, next, Floats.exp(0.5f * Floats.log(variance)), noise.normal(next.length));
            }
            return new Advance(state.next(next), original);
        }
    }
}
