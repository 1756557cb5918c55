package dev.weir.engine.sampler;

/** A run over noise levels of growing variance: what Euler's method and its kin have in common. One level for each call. */
abstract class SigmaSampler implements Sampler {

    private final SigmaRun run;

    SigmaSampler(SigmaRun run) {
        this.run = run;
    }

    @Override
    public final int steps() {
        return run.timesteps().length;
    }

    @Override
    public final float initialNoiseScale() {
        return run.initialNoiseScale();
    }

    @Override
    public final float timestep(int step) {
        return run.timesteps()[step];
    }

    @Override
    public float[] scaleInput(int step, float[] sample) {
        return SigmaRun.scaleInput(sigma(step), sample);
    }

    @Override
    public final float[] start(float[] original, float[] noise) {
        float scale = run.addsAll() ? initialNoiseScale() : sigma(0);
        return SigmaRun.addNoise(scale, original, noise);
    }

    @Override
    public final float[] addNoise(int step, float[] original, float[] noise) {
        return SigmaRun.addNoise(sigma(step), original, noise);
    }

    /** The noise level of a call, or of the end of the last one. */
    final float sigma(int step) {
        return run.sigmas()[step];
    }
}
