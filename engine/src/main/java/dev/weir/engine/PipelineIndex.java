package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.network.Networks;
import dev.weir.engine.tokenizer.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a {@code model_index.json} says a pipeline is made of, and which of it Weir runs.
 *
 * @param className of the pipeline, as {@code StableDiffusionPipeline}
 * @param components class names by folder, without those that the pipeline leaves out
 */
record PipelineIndex(Path folder, String className, Map<String, String> components) {

    static final String FILE = "model_index.json";

    static final String TEXT_ENCODER = "text_encoder";
    static final String TOKENIZER = "tokenizer";
    static final String UNET = "unet";
    static final String VAE = "vae";
    static final String SCHEDULER = "scheduler";

    static final String UPSAMPLER_UNET = "upsampler/unet";
    static final String UPSAMPLER_SCHEDULER = "upsampler/scheduler";

    /** The components that generate an image, in the order of use. */
    static final List<String> PARTS = List.of(TOKENIZER, TEXT_ENCODER, UNET, SCHEDULER, VAE);

    /** A cascade's second stage, which enlarges the latents of the first. diffusers has no name for it. */
    static final List<String> UPSAMPLER_PARTS = List.of(UPSAMPLER_UNET, UPSAMPLER_SCHEDULER);

    /** The classes that a part may be of; a scheduler is judged by its configuration. */
    private static final Map<String, List<String>> CLASSES = Map.of(
            TOKENIZER, Tokenizers.CLASSES,
            TEXT_ENCODER, Networks.Kind.TEXT_ENCODER.classNames(),
            UNET, Networks.Kind.DENOISER.classNames(),
            VAE, Networks.Kind.AUTOENCODER.classNames());

    private static final String SAME_WEIGHTS =
            "To make plain images with the same weights, set _class_name to StableDiffusionPipeline in model_index.json";

    static final String SAFETY_CHECKER = "safety_checker";
    static final String FEATURE_EXTRACTOR = "feature_extractor";

    /** Components that only check images. They run where an operator wants it; images are the same without them. */
    private static final List<String> BYSTANDERS = List.of(SAFETY_CHECKER, FEATURE_EXTRACTOR);

    static PipelineIndex read(Path folder) {
        Path file = folder.resolve(FILE);
        JsonNode json = JsonFile.read(file);
        Map<String, String> components = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            JsonNode value = entry.getValue();
            if (entry.getKey().matches("[A-Za-z0-9_]+")
                    && value.isArray()
                    && value.size() == 2
                    && value.get(1).isTextual()) {
                components.put(entry.getKey(), value.get(1).textValue());
            }
        }
        String className = json.path("_class_name").asText("");
        if (className.isEmpty() || components.isEmpty()) {
            throw new ModelException(file + ": names no pipeline: _class_name or the components are missing");
        }
        return new PipelineIndex(folder, className, Collections.unmodifiableMap(components));
    }

    boolean isBystander(String component) {
        return BYSTANDERS.contains(component);
    }

    boolean hasUpsampler() {
        return Files.isDirectory(folder.resolve(UPSAMPLER_UNET));
    }

    /** Of a component, as the pipeline says it; empty where it has none. */
    String classOf(String component) {
        return components.getOrDefault(component, "");
    }

    /** Why Weir cannot run a component, present or missing. */
    Optional<String> problem(String component) {
        if (isBystander(component) || UPSAMPLER_PARTS.contains(component)) {
            return Optional.empty();
        }
        String name = classOf(component);
        if (!PARTS.contains(component)) {
            return Optional.of("Weir runs no pipeline with a %s (%s)".formatted(component, name));
        }
        if (name.isEmpty()) {
            return Optional.of("the pipeline has none, and Weir runs none without");
        }
        List<String> known = CLASSES.getOrDefault(component, List.of(name));
        return known.contains(name) ? Optional.empty() : Optional.of("%s is not one of %s".formatted(name, known));
    }

    /** Throws {@link ModelException} that says what the pipeline is, and names the first component that does not run. */
    void requireSupported() {
        Optional<String> component = Stream.concat(components.keySet().stream(), PARTS.stream())
                .flatMap(name -> problem(name).map(problem -> name + ": " + problem).stream())
                .findFirst();
        Optional<Refusal> kind = PipelineKind.refusal(className);
        if (kind.isEmpty() && component.isEmpty()) {
            return;
        }
        String reason = component
                .map(problem -> "%s is not supported: %s".formatted(className, problem))
                .orElse(className + " is not supported");
        if (kind.isEmpty()) {
            throw new ModelException("%s: %s".formatted(folder.resolve(FILE), reason));
        }
        Refusal refusal = component.isEmpty() && hasPlainUnet() ? kind.get().besides(SAME_WEIGHTS) : kind.get();
        throw refusal.at(folder, "%s: %s".formatted(FILE, reason));
    }

    /** Whether the UNet sees latents alone, no mask and no picture. */
    private boolean hasPlainUnet() {
        ComponentConfig unet = ComponentConfig.read(folder.resolve(UNET));
        return unet.count("in_channels", 4) == unet.count("out_channels", 4);
    }
}
