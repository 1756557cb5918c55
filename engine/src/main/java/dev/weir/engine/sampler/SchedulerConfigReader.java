package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.sampler.SchedulerConfig.BetaSchedule;
import dev.weir.engine.sampler.SchedulerConfig.FinalSigma;
import dev.weir.engine.sampler.SchedulerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SchedulerConfig.SolverType;
import dev.weir.engine.sampler.SchedulerConfig.Spacing;
import dev.weir.engine.sampler.SchedulerConfig.VarianceType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The typed reading of a {@code scheduler_config.json}: the keys that samplers use, with the published defaults. */
record SchedulerConfigReader(Path file, JsonNode json) {

    private static final int LEAST_TRAIN_TIMESTEPS = 2; // sigmas lie between two
    private static final int MOST_TRAIN_TIMESTEPS = 1_000_000;

    SchedulerConfig config() {
        refuse("thresholding");
        refuse("use_beta_sigmas");
        refuse("use_lu_lambdas");
        refuse("use_flow_sigmas");
        only("interpolation_type", "linear");
        only("timestep_type", "discrete");
        float[] trainedBetas = betas("trained_betas");
        int trainTimesteps = trainedBetas.length > 0
                ? trainedBetas.length
                : whole("num_train_timesteps", 1000, LEAST_TRAIN_TIMESTEPS, MOST_TRAIN_TIMESTEPS);
        return new SchedulerConfig(
                text("_class_name").orElse(""),
                trainTimesteps,
                choice("beta_schedule", BetaSchedule.LINEAR),
                between(0, 1, "beta_start").orElse(0.0001),
                between(0, 1, "beta_end").orElse(0.02),
                trainedBetas,
                flag("rescale_betas_zero_snr", false),
                choice("prediction_type", Prediction.EPSILON),
                optionalChoice("timestep_spacing", Spacing.class),
                whole("steps_offset", 0, 0, trainTimesteps - 1),
                flag("clip_sample", true),
                between(0, Float.MAX_VALUE, "clip_sample_range").orElse(1.0).floatValue(),
                flag("set_alpha_to_one", true),
                choice("variance_type", VarianceType.FIXED_SMALL),
                sigmaSpacing(),
                between(0, Float.MAX_VALUE, "sigma_min"),
                between(0, Float.MAX_VALUE, "sigma_max"),
                choice("final_sigmas_type", FinalSigma.ZERO),
                solverType(),
                flag("lower_order_final", true),
                flag("euler_at_final", false),
                between(Double.NEGATIVE_INFINITY, 0, "lambda_min_clipped").orElse(Double.NEGATIVE_INFINITY));
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

    /** A number of a range that includes its ends. */
    private Optional<Double> between(double least, double most, String key) {
        JsonNode value = json.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(key, value.toString());
        }
        return Optional.of(value.doubleValue());
    }

    private float[] betas(String key) {
        JsonNode list = json.path(key);
        if (list.isMissingNode() || list.isNull()) {
            return new float[0];
        }
        if (!list.isArray() || list.size() < LEAST_TRAIN_TIMESTEPS || list.size() > MOST_TRAIN_TIMESTEPS) {
            throw wrong(key, list.isArray() ? "a list of " + list.size() : list.toString());
        }
        float[] betas = new float[list.size()];
        for (int i = 0; i < betas.length; i++) {
            JsonNode beta = list.get(i);
            if (!beta.isNumber() || !(beta.floatValue() >= 0 && beta.floatValue() <= 1)) {
                throw wrong(key, beta.toString());
            }
            betas[i] = beta.floatValue();
        }
        return betas;
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
