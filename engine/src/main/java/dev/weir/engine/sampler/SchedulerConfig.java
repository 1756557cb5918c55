package dev.weir.engine.sampler;

import dev.weir.engine.JsonFile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A model's {@code scheduler_config.json}: how its noise schedule was trained, and how it likes to be sampled.
 *
 * <p>Keys of other schedulers are ignored, and a key that is absent has its published default. Values that would make
 * another picture than the one asked for are refused.
 *
 * @param className the scheduler that the model was published with, {@code DDIMScheduler}
 * @param trainedBetas the betas themselves where the model brings them, else empty
 * @param spacing absent where the file does not say: each sampler has its own default
 * @param sigmaMin lower end of Karras' sigmas; absent: the schedule's own
 * @param sigmaMax upper end of Karras' sigmas; absent: the schedule's own
 * @param lambdaMinClipped DPM++: the least half log signal-to-noise ratio that a run starts from
 */
public record SchedulerConfig(
        String className,
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
    public enum BetaSchedule {
        LINEAR,
        SCALED_LINEAR,
        SQUAREDCOS_CAP_V2
    }

    /** Which training timesteps a run of fewer steps visits; table 2 of Lin et al. 2023. */
    public enum Spacing {
        LINSPACE,
        LEADING,
        TRAILING
    }

    /** The variance of DDPM's reverse steps, section 3.2 of Ho et al. 2020. */
    public enum VarianceType {
        FIXED_SMALL,
        FIXED_SMALL_LOG,
        FIXED_LARGE
    }

    /** How the sigmas of a run lie: at its timesteps, or by Karras et al. 2022, or evenly in their logarithm. */
    public enum SigmaSpacing {
        TIMESTEPS,
        KARRAS,
        EXPONENTIAL
    }

    /** Where the last step ends. */
    public enum FinalSigma {
        ZERO,
        SIGMA_MIN
    }

    /** The second-order term of DPM-Solver++. */
    public enum SolverType {
        MIDPOINT,
        HEUN
    }

    /** Throws {@link dev.weir.engine.ModelException} naming the file, the key and the value that cannot be. */
    public static SchedulerConfig read(Path file) {
        return new SchedulerConfigReader(file, JsonFile.read(file)).config();
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
