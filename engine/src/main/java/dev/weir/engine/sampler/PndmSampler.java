package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.SamplerConfig.Spacing;
import java.util.ArrayList;
import java.util.List;

/**
 * Pseudo numerical methods for diffusion models, by linear multistep alone (PLMS): Liu et al. 2022 (arXiv 2202.09778),
 * formulas 9 and 12, started as in CompVis/latent-diffusion pull request 51.
 *
 * <p>The first step runs the network twice, the second time where it led, and does it again with the mean of both
 * outputs. So a run of n steps has n + 1 network calls, and {@link #steps} counts these. A row's history is the last
 * outputs, at most three, and between the two first calls the sample that both start from.
 */
final class PndmSampler implements Sampler {

    private static final int ORDER = 4;

    private final SamplerConfig config;
    private final NoiseSchedule schedule;
    private final int[] timesteps;
    private final int stride;

    PndmSampler(SamplerConfig config, int steps) {
        this.config = config;
        schedule = NoiseSchedule.of(config);
        stride = config.trainTimesteps() / steps;
        int[] spaced = Timesteps.whole(config, Spacing.LEADING, steps);
        timesteps = new int[steps == 1 ? 1 : steps + 1];
        for (int call = 0; call < timesteps.length; call++) {
            timesteps[call] = spaced[call < 2 ? call : call - 1];
        }
    }

    @Override
    public int steps() {
        return timesteps.length;
    }

    @Override
    public float timestep(int step) {
        return timesteps[step];
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        int call = state.step();
        int timestep = timesteps[call];
        float alpha = schedule.alphaCumprod(timestep);
        float[] original =
                config.prediction().original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), state.sample(), modelOutput);
        float[] next;
        List<float[]> history;
        if (call == 1) {
            float[] first = state.history().get(0);
            next = transfer(state.history().get(1), timestep + stride, timestep, mean(first, modelOutput));
            history = List.of(first);
        } else {
            List<float[]> outputs = new ArrayList<>(state.history());
            outputs.add(modelOutput);
            next = transfer(state.sample(), timestep, timestep - stride, multistep(outputs));
            history = call == 0
                    ? List.of(modelOutput, state.sample())
                    : outputs.subList(Math.max(0, outputs.size() - ORDER + 1), outputs.size());
        }
        return new Advance(new SamplerState(call + 1, next, history), original);
    }

    private static float[] mean(float[] first, float[] second) {
        float[] mean = new float[first.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (second[i] + first[i]) / 2;
        }
        return mean;
    }

    /** Adams-Bashforth of as many outputs as there are, the newest last: formula 12 of the paper for four. */
    private static float[] multistep(List<float[]> outputs) {
        int newest = outputs.size() - 1;
        float[] e0 = outputs.get(newest);
        float[] e1 = outputs.get(Math.max(0, newest - 1));
        float[] e2 = outputs.get(Math.max(0, newest - 2));
        float[] e3 = outputs.get(Math.max(0, newest - 3));
        float[] combined = new float[e0.length];
        for (int i = 0; i < combined.length; i++) {
            combined[i] = switch (outputs.size()) {
                case 1 -> e0[i];
                case 2 -> (3 * e0[i] - e1[i]) / 2;
                case 3 -> (23 * e0[i] - 16 * e1[i] + 5 * e2[i]) / 12;
                default -> (1 / 24f) * (55 * e0[i] - 59 * e1[i] + 37 * e2[i] - 9 * e3[i]);
            };
        }
        return combined;
    }

    /** Formula 9 of the paper: a sample at one timestep to another, along a noise. */
    private float[] transfer(float[] sample, int from, int to, float[] output) {
        float alpha = schedule.alphaCumprod(from);
        float alphaNext = to >= 0 ? schedule.alphaCumprod(to) : config.finalAlphaOne() ? 1 : schedule.alphaCumprod(0);
        float[] noise = config.prediction().noise(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), sample, output);
        float sampleShare = Floats.sqrt(alphaNext / alpha);
        float noiseScale = alpha * Floats.sqrt(1 - alphaNext) + Floats.sqrt(alpha * (1 - alpha) * alphaNext);
        float difference = alphaNext - alpha;
        float[] next = new float[sample.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sampleShare * sample[i] - difference * noise[i] / noiseScale;
        }
        return next;
    }
}
