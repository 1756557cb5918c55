package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.SamplerConfig.FinalSigma;
import dev.weir.engine.sampler.SamplerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SamplerConfig.SolverType;
import dev.weir.engine.sampler.SamplerConfig.Spacing;
import java.util.List;

/**
 * DPM-Solver++ 2M, a second-order multistep solver on x0: Lu et al. 2022 (arXiv 2211.01095), algorithm 2.
 *
 * <p>The history that a row carries is the x0 of the step before. The first step has none and is of first order (which
 * is DDIM), and so is the last one where the schedule says so or ends without noise.
 */
final class DpmSolverSampler implements Sampler {

    private static final int FEW_STEPS = 15; // below this, the reference ends with a first-order step for stability

    private final SamplerConfig config;
    private final int[] timesteps;
    private final Level[] levels;

    /** A noise level: x = signal x0 + spread noise, and lambda, the logarithm of signal over spread. */
    private record Level(float signal, float spread, float lambda) {

        static Level of(float sigma) {
            float signal = 1 / Floats.sqrt(sigma * sigma + 1);
            float spread = sigma * signal;
            return new Level(signal, spread, Floats.log(signal) - Floats.log(spread));
        }
    }

    DpmSolverSampler(SamplerConfig config, int steps) {
        this.config = config;
        SigmaSpacing spacing = config.sigmaSpacing();
        Sigmas training = new Sigmas(config);
        double[] sigmas;
        if (spacing == SigmaSpacing.TIMESTEPS) {
            int last = training.timestepsFrom(config.lambdaMinClipped());
            timesteps = Timesteps.wholeBeforeEnd(config, Spacing.LINSPACE, steps, last);
            sigmas = new double[timesteps.length];
            for (int i = 0; i < sigmas.length; i++) {
                sigmas[i] = training.at(timesteps[i]);
            }
        } else {
            timesteps = new int[steps];
            sigmas = training.spaced(spacing, training.most(), training.least(), steps);
            for (int i = 0; i < steps; i++) {
                timesteps[i] = whole(training.timestep(sigmas[i]), spacing);
            }
        }
        float[] closed = training.closed(sigmas, config.finalSigma());
        levels = new Level[closed.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = Level.of(closed[i]);
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
        int step = state.step();
        Level from = levels[step];
        float[] original = config.prediction().original(from.signal(), from.spread(), state.sample(), modelOutput);
        boolean firstOrder = state.history().isEmpty() || isLastOfFirstOrder(step);
        float[] next = firstOrder ? firstOrder(state, original) : secondOrder(state, original);
        return new Advance(new SamplerState(step + 1, next, List.of(original)), original);
    }

    private boolean isLastOfFirstOrder(int step) {
        return step == timesteps.length - 1
                && (config.eulerAtFinal()
                        || config.lowerOrderFinal() && timesteps.length < FEW_STEPS
                        || config.finalSigma() == FinalSigma.ZERO);
    }

    private float[] firstOrder(SamplerState state, float[] original) {
        Level from = levels[state.step()];
        Level to = levels[state.step() + 1];
        float sampleShare = to.spread() / from.spread();
        float originalShare = to.signal() * (Floats.exp(from.lambda() - to.lambda()) - 1);
        float[] next = new float[original.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sampleShare * state.sample()[i] - originalShare * original[i];
        }
        return next;
    }

    private float[] secondOrder(SamplerState state, float[] original) {
        Level before = levels[state.step() - 1];
        Level from = levels[state.step()];
        Level to = levels[state.step() + 1];
        float stride = to.lambda() - from.lambda();
        float inverseRatio = 1 / ((from.lambda() - before.lambda()) / stride);
        float decay = Floats.exp(-stride) - 1;
        float sampleShare = to.spread() / from.spread();
        float originalShare = to.signal() * decay;
        float slopeShare =
                config.solverType() == SolverType.HEUN ? -(to.signal() * (decay / stride + 1)) : 0.5f * originalShare;
        float[] last = state.history().get(0);
        float[] next = new float[original.length];
        for (int i = 0; i < next.length; i++) {
            float slope = inverseRatio * (original[i] - last[i]);
            next[i] = sampleShare * state.sample()[i] - originalShare * original[i] - slopeShare * slope;
        }
        return next;
    }

    /** The reference rounds Karras' timesteps for all schedules but the cosine one, and cuts off what it does not. */
    private int whole(double timestep, SigmaSpacing spacing) {
        boolean rounds =
                spacing == SigmaSpacing.KARRAS && config.betaSchedule() != SamplerConfig.BetaSchedule.SQUAREDCOS_CAP_V2;
        return (int) (rounds ? Math.rint(timestep) : timestep);
    }
}
