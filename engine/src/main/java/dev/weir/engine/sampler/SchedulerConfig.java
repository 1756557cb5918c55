package dev.weir.engine.sampler;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
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

    private static final int MOST_TRAIN_TIMESTEPS = 1_000_000;
    // Python writes an infinite lambda_min_clipped as -Infinity.
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** Throws {@link ModelException} naming the file, the key and the value that cannot be. */
    public static SchedulerConfig read(Path file) {
        JsonNode json;
        try {
            json = JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new ModelException(file + ": not a readable JSON file: " + e.getMessage(), e);
        }
        if (!json.isObject()) {
            throw new ModelException(file + ": not a JSON object");
        }
        return new Keys(file, json).config();
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

    /** The typed reading of one file's keys. */
    private record Keys(Path file, JsonNode json) {

        SchedulerConfig config() {
            refuse("thresholding");
            refuse("use_beta_sigmas");
            refuse("use_lu_lambdas");
            refuse("use_flow_sigmas");
            only("interpolation_type", "linear");
            only("timestep_type", "discrete");
            float[] trainedBetas = floats("trained_betas");
            int trainTimesteps = trainedBetas.length > 0
                    ? trainedBetas.length
                    : whole("num_train_timesteps", 1000, 1, MOST_TRAIN_TIMESTEPS);
            return new SchedulerConfig(
                    text("_class_name").orElse(""),
                    trainTimesteps,
                    choice("beta_schedule", BetaSchedule.LINEAR),
                    number("beta_start").orElse(0.0001),
                    number("beta_end").orElse(0.02),
                    trainedBetas,
                    flag("rescale_betas_zero_snr", false),
                    choice("prediction_type", Prediction.EPSILON),
                    optionalChoice("timestep_spacing", Spacing.class),
                    whole("steps_offset", 0, 0, trainTimesteps - 1),
                    flag("clip_sample", true),
                    number("clip_sample_range").orElse(1.0).floatValue(),
                    flag("set_alpha_to_one", true),
                    choice("variance_type", VarianceType.FIXED_SMALL),
                    sigmaSpacing(),
                    number("sigma_min"),
                    number("sigma_max"),
                    choice("final_sigmas_type", FinalSigma.ZERO),
                    solverType(),
                    flag("lower_order_final", true),
                    flag("euler_at_final", false),
                    number("lambda_min_clipped").orElse(Double.NEGATIVE_INFINITY));
        }

        private SigmaSpacing sigmaSpacing() {
            boolean karras = flag("use_karras_sigmas", false);
            boolean exponential = flag("use_exponential_sigmas", false);
            if (karras && exponential) {
                throw wrong("use_exponential_sigmas", "true beside use_karras_sigmas");
            }
            return karras ? SigmaSpacing.KARRAS : exponential ? SigmaSpacing.EXPONENTIAL : SigmaSpacing.TIMESTEPS;
        }

        /** DEIS and UniPC names for their own second-order terms; the reference reads them as midpoint too. */
        private SolverType solverType() {
            return switch (text("solver_type").orElse("midpoint")) {
                case "logrho", "bh1", "bh2" -> SolverType.MIDPOINT;
                default -> choice("solver_type", SolverType.MIDPOINT);
            };
        }

        private <E extends Enum<E>> E choice(String key, E byDefault) {
            return optionalChoice(key, byDefault.getDeclaringClass()).orElse(byDefault);
        }

        private <E extends Enum<E>> Optional<E> optionalChoice(String key, Class<E> type) {
            return text(key).map(value -> Arrays.stream(type.getEnumConstants())
                    .filter(constant -> constant.name().toLowerCase(Locale.ROOT).equals(value))
                    .findFirst()
                    .orElseThrow(() -> wrong(key, value)));
        }

        private Optional<String> text(String key) {
            JsonNode value = json.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            if (!value.isTextual()) {
                throw wrong(key, value.toString());
            }
            return Optional.of(value.textValue());
        }

        private boolean flag(String key, boolean byDefault) {
            JsonNode value = json.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return byDefault;
            }
            if (!value.isBoolean()) {
                throw wrong(key, value.toString());
            }
            return value.booleanValue();
        }

        private int whole(String key, int byDefault, int least, int most) {
            JsonNode value = json.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return byDefault;
            }
            if (!value.canConvertToExactIntegral() || value.longValue() < least || value.longValue() > most) {
                throw wrong(key, value.toString());
            }
            return value.intValue();
        }

        private Optional<Double> number(String key) {
            JsonNode value = json.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            if (!value.isNumber()) {
                throw wrong(key, value.toString());
            }
            return Optional.of(value.doubleValue());
        }

        private float[] floats(String key) {
            JsonNode value = json.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return new float[0];
            }
            float[] floats = new float[value.size()];
            for (int i = 0; i < floats.length; i++) {
                if (!value.path(i).isNumber()) {
                    throw wrong(key, value.path(i).toString());
                }
                floats[i] = value.path(i).floatValue();
            }
            if (floats.length == 0) {
                throw wrong(key, value.toString());
            }
            return floats;
        }

        private void refuse(String key) {
            if (flag(key, false)) {
                throw wrong(key, "true");
            }
        }

        private void only(String key, String supported) {
            text(key).filter(value -> !value.equals(supported)).ifPresent(value -> {
                throw wrong(key, value);
            });
        }

        private ModelException wrong(String key, String value) {
            return new ModelException("%s: %s: unsupported value %s".formatted(file, key, value));
        }
    }
}
