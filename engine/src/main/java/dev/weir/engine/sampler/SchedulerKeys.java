package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dev.weir.engine.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The keys of a {@code scheduler_config.json}, read one by one with their kind, bounds and default. A key that is absent or
 * null has the default. Each scheduler class asks for the keys of its own signature, so keys of other classes have no effect.
 *
 * <p>Errors are {@link ModelException}s that name the file, the key and the value. Immutable.
 */
record SchedulerKeys(Path file, JsonNode json) {

    /** The parameters of all scheduler classes of diffusers 0.35.2, and one that DDIM has there as a parameter of each step. */
    private static final Set<String> KNOWN = Set.of(
            ("algorithm_type alpha_cum_end alpha_cum_start base_image_seq_len base_shift beta_end beta_max beta_min "
                            + "beta_schedule beta_start clip_denoised clip_sample clip_sample_range correct_steps "
                            + "corrector_order disable_corrector dynamic_thresholding_ratio eta euler_at_final "
                            + "final_sigmas_type flow_shift gamma_cum_end gamma_cum_start interpolation_type "
                            + "invert_sigmas lambda_min_clipped lower_order_final mask_token_id masking_schedule "
                            + "max_image_seq_len max_shift noise_sampler_seed num_train_timesteps num_vec_classes "
                            + "original_inference_steps predict_x0 prediction_type predictor_order "
                            + "rescale_betas_zero_snr rho s s_churn s_max s_min s_noise sample_max_value sampling_eps "
                            + "scale_factors scaler set_alpha_to_one shift shift_terminal sigma_data sigma_max "
                            + "sigma_min sigma_schedule skip_prk_steps snr snr_shift_scale solver_order solver_p "
                            + "solver_type steps_offset stochastic_sampling tau_func thresholding time_shift_type "
                            + "timestep_scaling timestep_spacing timestep_type trained_betas upscale_mode "
                            + "use_beta_sigmas use_clipped_model_output use_dynamic_shifting use_exponential_sigmas use_flow_sigmas "
                            + "use_karras_sigmas use_lu_lambdas variance_type")
                    .split(" "));

    private static final String PREDICT_EPSILON = "predict_epsilon";

    /** Keys of diffusers before 0.4, with the values that changed nothing or are what its later versions compute without them. */
    private static final Map<String, Set<String>> OLD =
            Map.of("tensor_format", Set.of("pt", "np"), PREDICT_EPSILON, Set.of("true"));

    /** A newer diffusers may have keys that change the picture, so they are refused. */
    void requireKnown() {
        OLD.forEach((key, values) -> {
            if (has(key) && !values.contains(json.path(key).asText()) && !isSaidAnew(key)) {
                throw wrong(key, json.path(key));
            }
        });
        unknown().ifPresent(key -> {
            throw new ModelException("%s: %s: Weir does not know this key".formatted(file, key));
        });
    }

    /** The first key that no scheduler class has and that is not off, which would change nothing. */
    Optional<String> unknown() {
        return json.properties().stream()
                .filter(entry -> !entry.getValue().isNull() && !entry.getValue().equals(BooleanNode.FALSE))
                .map(Map.Entry::getKey)
                .filter(key -> !key.startsWith("_") && !OLD.containsKey(key) && !KNOWN.contains(key))
                .findFirst();
    }

    /** A network that does not predict the noise predicts the sample, which later versions say so. */
    private boolean isSaidAnew(String key) {
        return key.equals(PREDICT_EPSILON)
                && json.path(key).equals(BooleanNode.FALSE)
                && json.path("prediction_type").asText().equals("sample");
    }

    boolean flag(String key, boolean byDefault) {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return byDefault;
        }
        if (!value.isBoolean()) {
            throw wrong(key, value);
        }
        return value.booleanValue();
    }

    /** A whole number of a range that includes its ends. */
    int whole(String key, int byDefault, int least, int most) {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return byDefault;
        }
        if (!value.canConvertToExactIntegral() || value.longValue() < least || value.longValue() > most) {
            throw wrong(key, value);
        }
        return value.intValue();
    }

    double number(String key, double byDefault, double least, double most) {
        return number(key, least, most).orElse(byDefault);
    }

    /** A number of a range that includes its ends. */
    Optional<Double> number(String key, double least, double most) {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return Optional.empty();
        }
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(key, value);
        }
        return Optional.of(value.doubleValue());
    }

    /** One of a few constants, which the file names in lower case. */
    <E extends Enum<E>> E choice(String key, E byDefault, List<E> others) {
        return text(key)
                .map(value -> Stream.concat(Stream.of(byDefault), others.stream())
                        .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(value))
                        .findFirst()
                        .orElseThrow(() -> wrong(key, value)))
                .orElse(byDefault);
    }

    /** One of a few words. */
    String word(String key, String byDefault, String... others) {
        String value = text(key).orElse(byDefault);
        if (!value.equals(byDefault) && !Arrays.asList(others).contains(value)) {
            throw wrong(key, value);
        }
        return value;
    }

    /** Numbers of a range that includes its ends; empty where the key is absent. */
    List<Double> numbers(String key, double least, double most, int mostNumbers) {
        JsonNode list = json.path(key);
        if (isAbsent(list)) {
            return List.of();
        }
        if (!list.isArray() || list.size() > mostNumbers) {
            throw wrong(key, list.isArray() ? "a list of " + list.size() : list.toString());
        }
        List<Double> numbers = new ArrayList<>(list.size());
        for (JsonNode value : list) {
            if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
                throw wrong(key, value);
            }
            numbers.add(value.doubleValue());
        }
        return List.copyOf(numbers);
    }

    boolean has(String key) {
        return !isAbsent(json.path(key));
    }

    /** A value that the scheduler class has and Weir, or diffusers itself, does not compute. */
    ModelException wrong(String key, String value) {
        return new ModelException("%s: %s: unsupported value %s".formatted(file, key, value));
    }

    private ModelException wrong(String key, JsonNode value) {
        return wrong(key, value.isTextual() ? value.textValue() : value.toString());
    }

    private Optional<String> text(String key) {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw wrong(key, value.toString());
        }
        return Optional.of(value.textValue());
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }
}
