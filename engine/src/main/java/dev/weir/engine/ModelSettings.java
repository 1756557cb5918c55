package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the publisher of a model says about it to Weir, in an optional {@code weir.json} beside its model_index.json: all
 * that diffusers' files do not tell. Unknown keys are refused: a misspelt default would go unseen.
 */
public record ModelSettings(
        Optional<String> id,
        Optional<Integer> nativeSize,
        Optional<Integer> upsampleFactor,
        Optional<Integer> steps,
        Optional<Float> guidanceScale,
        Optional<String> sampler,
        Optional<Integer> upsamplerSteps,
        Optional<Integer> upsamplerNoiseLevel) {

    private static final String FILE = "weir.json";
    private static final List<String> KEYS = List.of("id", "native_size", "upsample_factor", "defaults");
    private static final List<String> DEFAULTS =
            List.of("steps", "guidance_scale", "sampler", "upsampler_steps", "upsampler_noise_level");
    private static final int MAX_COUNT = 100_000;
    private static final int DEFAULT_UPSAMPLER_STEPS = 8;
    /** A tenth of a schedule of 1000, about what cascaded diffusion was published with. */
    private static final int DEFAULT_UPSAMPLER_NOISE_LEVEL = 100;

    static ModelSettings read(Path folder) {
        Path file = file(folder);
        JsonNode json = Files.isRegularFile(file) ? JsonFile.read(file) : JsonNodeFactory.instance.objectNode();
        JsonNode defaults = json.path("defaults");
        requireKnown(file, json, KEYS);
        if (json.has("defaults") && !defaults.isObject()) {
            throw new ModelException("%s: defaults is not an object: %s".formatted(file, defaults));
        }
        requireKnown(file, defaults, DEFAULTS);
        return new ModelSettings(
                text(file, json, "id"),
                count(file, json, "native_size"),
                count(file, json, "upsample_factor"),
                count(file, defaults, "steps"),
                scale(file, defaults, "guidance_scale"),
                text(file, defaults, "sampler"),
                count(file, defaults, "upsampler_steps"),
                count(file, defaults, "upsampler_noise_level"));
    }

    public static Path file(Path folder) {
        return folder.resolve(FILE);
    }

    public int upsamplerStepsOrDefault() {
        return upsamplerSteps.orElse(DEFAULT_UPSAMPLER_STEPS);
    }

    public int upsamplerNoiseLevelOrDefault() {
        return upsamplerNoiseLevel.orElse(DEFAULT_UPSAMPLER_NOISE_LEVEL);
    }

    private static void requireKnown(Path file, JsonNode json, List<String> known) {
        json.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                throw new ModelException("%s: %s is not one of %s".formatted(file, key, known));
            }
        });
    }

    private static Optional<String> text(Path file, JsonNode json, String key) {
        if (!json.has(key)) {
            return Optional.empty();
        }
        String text = json.get(key).asText();
        if (!json.get(key).isTextual() || !text.matches("[A-Za-z0-9._/:=-]{1,100}")) {
            throw new ModelException("%s: %s is not a name: %s".formatted(file, key, json.get(key)));
        }
        return Optional.of(text);
    }

    private static Optional<Integer> count(Path file, JsonNode json, String key) {
        if (!json.has(key)) {
            return Optional.empty();
        }
        JsonNode value = json.get(key);
        if (!value.isInt() || value.intValue() < 1 || value.intValue() > MAX_COUNT) {
            throw new ModelException("%s: %s is not between 1 and %d: %s".formatted(file, key, MAX_COUNT, value));
        }
        return Optional.of(value.intValue());
    }

    private static Optional<Float> scale(Path file, JsonNode json, String key) {
        if (!json.has(key)) {
            return Optional.empty();
        }
        JsonNode value = json.get(key);
        if (!value.isNumber() || value.doubleValue() < 0 || value.doubleValue() > 100) {
            throw new ModelException("%s: %s is not between 0 and 100: %s".formatted(file, key, value));
        }
        return Optional.of(value.floatValue());
    }
}
