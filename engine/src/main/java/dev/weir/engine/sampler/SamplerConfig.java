package dev.weir.engine.sampler;

import java.util.Optional;

/**
 * What one sampler reads of a model's {@code scheduler_config.json}, with that sampler's defaults for absent keys.
 *
 * @param trainedBetas the betas themselves where the model brings them, else empty
 * @param spacing absent where the file does not say: each sampler has its own default
 * @param sigmaMin lower end of Karras' sigmas; absent: the schedule's own
 * @param sigmaMax upper end of Karras' sigmas; absent: the schedule's own
 * @param lambdaMinClipped DPM++: the least half log signal-to-noise ratio that a run starts from
 */
record SamplerConfig(
        int trainTimesteps,
        BetaSchedule betaSchedule,
        double betaStart,
        double betaEnd,
        float[] trainedBetas,
        boolean rescaleZeroSnr,
        Prediction prediction,
        Optional<Spacing> spacing,
        int stepsOffset,
        boolean clipSample,
        float clipRange,
        boolean finalAlphaOne,
        VarianceType varianceType,
        SigmaSpacing sigmaSpacing,
        Optional<Double> sigmaMin,
        Optional<Double> sigmaMax,
        FinalSigma finalSigma,
        SolverType solverType,
        boolean lowerOrderFinal,
        boolean eulerAtFinal,
        double lambdaMinClipped) {

    /** How beta grows over training; section 4 of Ho et al. 2020, Rombach et al. 2022, Nichol and Dhariwal 2021. */
    enum BetaSchedule {
        LINEAR,
        SCALED_LINEAR,
        SQUAREDCOS_CAP_V2
    }

    /** Which training timesteps a run of fewer steps visits; table 2 of Lin et al. 2023. */
    enum Spacing {
        LINSPACE,
        LEADING,
        TRAILING
    }

    /** The variance of DDPM's reverse steps, section 3.2 of Ho et al. 2020. */
    enum VarianceType {
        FIXED_SMALL,
        FIXED_SMALL_LOG,
        FIXED_LARGE
    }

    /** How the sigmas of a run lie: at its timesteps, or by Karras et al. 2022, or evenly in their logarithm. */
    enum SigmaSpacing {
        TIMESTEPS,
        KARRAS,
        EXPONENTIAL
    }

    /** Where the last step ends. */
    enum FinalSigma {
        ZERO,
        SIGMA_MIN
    }

    /** The second-order term of DPM-Solver++. */
    enum SolverType {
        MIDPOINT,
        HEUN
    }

    /** Keeps x0 in the range that the model was trained in, where the model asks for it. */
    void clip(float[] original) {
        if (!clipSample) {
            return;
        }
        for (int i = 0; i < original.length; i++) {
            original[i] = Math.min(Math.max(original[i], -clipRange), clipRange);
        }
    }
}
