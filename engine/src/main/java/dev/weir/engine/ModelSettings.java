package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the publisher or owner of a model says about it to Weir: all that diffusers' files do not tell. It is optional, and lies in a
 * folder as {@code weir.json}, beside a file {@code NAME.safetensors} as {@code NAME.weir.json}. Unknown keys are refused: a
 * misspelt default would go unseen.
 *
 * @param scheduler keys that replace those of the model's scheduler
 * @param autoencoder a file or folder that replaces the model's own
 * @param config a folder in diffusers' layout with the configurations of a single file
 * @param refiner a single file with SDXL's refiner, for a single file with its base
 * @param draft a model that draws about the same in fewer steps; empty also where it is not there, as a model may be copied alone
 */
public record ModelSettings(
        Optional<String> id,
        Optional<Integer> nativeSize,
        Optional<Integer> upsampleFactor,
        Optional<Integer> steps,
        Optional<Float> guidanceScale,
        Optional<String> sampler,
        Optional<Integer> upsamplerSteps,
        Optional<Integer> upsamplerNoiseLevel,
        ObjectNode scheduler,
        Optional<Path> autoencoder,
        Optional<Path> config,
        Optional<Path> refiner,
        Optional<Path> draft) {

    static final ObjectNode NO_CHANGES = JsonNodeFactory.instance.objectNode();

    private static final String FILE = "weir.json";
    private static final Pattern SINGLE = Pattern.compile("(.+)\\.(safetensors|ckpt|pt|pth|bin)");
    private static final String SCHEDULER = "scheduler";
    private static final List<String> KEYS =
            List.of("id", "native_size", "upsample_factor", "defaults", SCHEDULER, "vae", "draft");
    private static final List<String> KEYS_OF_FILES = List.of("config", "refiner");
    private static final List<String> DEFAULTS =
            List.of("steps", "guidance_scale", "sampler", "upsampler_steps", "upsampler_noise_level");
    private static final int MAX_COUNT = 100_000;
    private static final int DEFAULT_UPSAMPLER_STEPS = 8;
    /** A tenth of a schedule of 1000, about what cascaded diffusion was published with. */
    private static final int DEFAULT_UPSAMPLER_NOISE_LEVEL = 100;

    /** @param model a folder or a file */
    static ModelSettings read(Path model) {
        Path file = file(model);
        JsonNode json = Files.isRegularFile(file) ? JsonFile.read(file) : JsonNodeFactory.instance.objectNode();
        JsonNode defaults = json.path("defaults");
        requireKnown(
                file,
                json,
                isSingle(model)
                        ? Stream.concat(KEYS.stream(), KEYS_OF_FILES.stream()).toList()
                        : KEYS);
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
                count(file, defaults, "upsampler_noise_level"),
                object(file, json, SCHEDULER),
                path(file, json, "vae"),
                path(file, json, "config"),
                path(file, json, "refiner"),
                text(file, json, "draft")
                        .map(draft -> file.resolveSibling(draft).normalize())
                        .filter(Files::exists));
    }

    /** @param model a folder or a file */
    public static Path file(Path model) {
        Matcher single = SINGLE.matcher(model.getFileName() + "");
        return single.matches() && !Files.isDirectory(model)
                ? model.resolveSibling(single.group(1) + "." + FILE)
                : model.resolve(FILE);
    }

    private static boolean isSingle(Path model) {
        return SINGLE.matcher(model.getFileName() + "").matches() && !Files.isDirectory(model);
    }

    /** The keys that replace those of a part's configuration. */
    ObjectNode changes(String component) {
        return component.equals(SCHEDULER) ? scheduler : NO_CHANGES;
    }

    /** The same, with what another model's say of its pictures and their making where these say nothing. */
    ModelSettings orElse(ModelSettings other) {
        return new ModelSettings(
                id,
                nativeSize.or(other::nativeSize),
                upsampleFactor,
                steps.or(other::steps),
                guidanceScale.or(other::guidanceScale),
                sampler.or(other::sampler),
                upsamplerSteps,
                upsamplerNoiseLevel,
                other.scheduler.deepCopy().setAll(scheduler),
                autoencoder,
                config,
                refiner,
                draft);
    }

    ModelSettings sizeAlone() {
        return new ModelSettings(
                Optional.empty(),
                nativeSize,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                NO_CHANGES,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** What a folder's file with settings says that the folder's other files do not. */
    ObjectNode ofFolder() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        id.ifPresent(name -> json.put("id", name));
        nativeSize.ifPresent(size -> json.put("native_size", size));
        upsampleFactor.ifPresent(factor -> json.put("upsample_factor", factor));
        ObjectNode defaults = JsonNodeFactory.instance.objectNode();
        steps.ifPresent(count -> defaults.put("steps", count));
        guidanceScale.ifPresent(scale -> defaults.put("guidance_scale", scale));
        sampler.ifPresent(name -> defaults.put("sampler", name));
        upsamplerSteps.ifPresent(count -> defaults.put("upsampler_steps", count));
        upsamplerNoiseLevel.ifPresent(level -> defaults.put("upsampler_noise_level", level));
        return defaults.isEmpty() ? json : json.set("defaults", defaults);
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

    private static ObjectNode object(Path file, JsonNode json, String key) {
        if (json.has(key) && !json.get(key).isObject()) {
            throw new ModelException("%s: %s is not an object: %s".formatted(file, key, json.get(key)));
        }
        return json.has(key) ? (ObjectNode) json.get(key) : NO_CHANGES;
    }

    /** Relative to the settings. */
    private static Optional<Path> path(Path file, JsonNode json, String key) {
        if (!json.has(key)) {
            return Optional.empty();
        }
        Path path = json.get(key).isTextual() && !json.get(key).textValue().isEmpty()
                ? file.resolveSibling(json.get(key).textValue()).normalize()
                : file;
        if (path.equals(file) || !Files.exists(path)) {
            throw new ModelException("%s: %s: there is no file or folder %s".formatted(file, key, json.get(key)));
        }
        return Optional.of(path);
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
