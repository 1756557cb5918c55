package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.sampler.SamplerConfig.BetaSchedule;
import dev.weir.engine.sampler.SamplerConfig.FinalSigma;
import dev.weir.engine.sampler.SamplerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SamplerConfig.SolverType;
import dev.weir.engine.sampler.SamplerConfig.Spacing;
import dev.weir.engine.sampler.SamplerConfig.VarianceType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the keys of one scheduler from a {@code scheduler_config.json}, with that scheduler's defaults, and refuses the
 * values that Weir does not compute. Keys of other schedulers count as absent.
 */
record SamplerConfigReader(Path file, JsonNode json, SchedulerClass scheduler) {

    private static final int LEAST_TRAIN_TIMESTEPS = 2; // sigmas lie between two
    private static final int MOST_TRAIN_TIMESTEPS = 1_000_000;

    SamplerConfig config() {
        refuseUnknownKeys();
        refuse("thresholding");
        refuse("use_beta_sigmas");
        refuse("use_lu_lambdas");
        refuse("use_flow_sigmas");
        only("interpolation_type", "linear");
        only("timestep_type", "discrete");
        float[] trainedBetas = betas("trained_betas");
        int trainTimesteps = trainTimesteps(trainedBetas);
        return new SamplerConfig(
                trainTimesteps,
                choice("beta_schedule", BetaSchedule.LINEAR),
                between(0, 1, "beta_start").orElse(0.0001),
                between(0, 1, "beta_end").orElse(0.02),
                trainedBetas,
                flag("rescale_betas_zero_snr", false),
                prediction(),
                optionalChoice("timestep_spacing", Spacing.class),
                whole("steps_offset", 0, 0, trainTimesteps - 1),
                scheduler.reads("clip_sample") && flag("clip_sample", true),
                between(0, Float.MAX_VALUE, "clip_sample_range").orElse(1.0).floatValue(),
                flag("set_alpha_to_one", scheduler.finalAlphaOne()),
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

    /** A newer diffusers may have keys that change the picture; one that is off changes nothing. */
    private void refuseUnknownKeys() {
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            String key = entry.getKey();
            JsonNode value = entry.getValue();
            boolean isOff = value.isNull() || value.isBoolean() && !value.booleanValue();
            if (!key.startsWith("_") && !isOff && !SchedulerClass.isKnown(key)) {
                throw new ModelException("%s: %s: Weir does not know this key".formatted(file, key));
            }
        }
    }

    private int trainTimesteps(float[] trainedBetas) {
        int count = whole("num_train_timesteps", 1000, LEAST_TRAIN_TIMESTEPS, MOST_TRAIN_TIMESTEPS);
        if (trainedBetas.length > 0 && trainedBetas.length != count) {
            throw wrong(
                    "trained_betas", "a list of %d for %d num_train_timesteps".formatted(trainedBetas.length, count));
        }
        return count;
    }

    private Prediction prediction() {
        Prediction prediction = choice("prediction_type", Prediction.EPSILON);
        if (prediction == Prediction.SAMPLE && scheduler == SchedulerClass.PNDM) {
            throw wrong("prediction_type", "sample");
        }
        return prediction;
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

    private JsonNode get(String key) {
        return scheduler.reads(key) ? json.path(key) : MissingNode.getInstance();
    }

    private Optional<String> text(String key) {
        JsonNode value = get(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw wrong(key, value.toString());
        }
        return Optional.of(value.textValue());
    }

    private boolean flag(String key, boolean byDefault) {
        JsonNode value = get(key);
        if (value.isMissingNode() || value.isNull()) {
            return byDefault;
        }
        if (!value.isBoolean()) {
            throw wrong(key, value.toString());
        }
        return value.booleanValue();
    }

    private int whole(String key, int byDefault, int least, int most) {
        JsonNode value = get(key);
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
        JsonNode value = get(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(key, value.toString());
        }
        return Optional.of(value.doubleValue());
    }

    private float[] betas(String key) {
        JsonNode list = get(key);
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
