package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.PipelineTypes;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What a {@code model_index.json} says a pipeline is made of, and which of it Weir runs.
 *
 * @param className of the pipeline, as {@code StableDiffusionPipeline}
 * @param components class names by folder, without those that the pipeline leaves out
 */
public record PipelineIndex(ModelSource source, String className, Map<String, String> components, JsonNode json) {

    static final String FILE = "model_index.json";

    private static final String SCHEDULER = "scheduler";
    private static final String CLASS_NAME = "_class_name";

    private static final String SAME_WEIGHTS =
            "To make plain images with the same weights, set _class_name to %s in model_index.json";

    static final String SAFETY_CHECKER = "safety_checker";
    static final String FEATURE_EXTRACTOR = "feature_extractor";

    /**
     * Components that only check images, where a type does not use them otherwise. They run where an operator wants it; images are
     * the same without them.
     */
    private static final List<String> BYSTANDERS = List.of(SAFETY_CHECKER, FEATURE_EXTRACTOR);

    static PipelineIndex read(ModelSource source) {
        Path file = source.folder().resolve(FILE);
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
        String className = json.path(CLASS_NAME).asText("");
        if (className.isEmpty() || components.isEmpty()) {
            throw new ModelException(file + ": names no pipeline: _class_name or the components are missing");
        }
        String scheduler = source.changes(SCHEDULER).path(CLASS_NAME).asText("");
        if (!scheduler.isEmpty()) {
            components.replace(SCHEDULER, scheduler);
        }
        return new PipelineIndex(source, className, Collections.unmodifiableMap(components), json);
    }

    /** What the model's owner gave. */
    public Path path() {
        return source.path();
    }

    public Path file() {
        return source.named(folder().resolve(FILE));
    }

    private Path folder() {
        return source.folder();
    }

    /** Whether the model has a part that the pipelines of its class may lack. */
    public boolean has(String component) {
        return source.has(component);
    }

    /** Of a network. Throws {@link ModelException} where it is missing or no JSON object. */
    public ComponentConfig config(String component) {
        ComponentConfig config = ComponentConfig.read(home(component));
        ((ObjectNode) config.json()).setAll(source.changes(component));
        return new ComponentConfig(source.named(config.file()), type().configured(component, config.json()));
    }

    /** Of a scheduler. Throws {@link ModelException} where it is missing or no JSON object. */
    public SchedulerConfig scheduler(String component) {
        Path file = home(component).resolve("scheduler_config.json");
        return SchedulerConfig.read(file).changed(source.named(file), source.changes(component));
    }

    /** Of a network. Throws {@link ModelException} where they are missing or cannot be read. */
    public Weights weights(String component) {
        return source.weights(this, component);
    }

    /** What an error about a part's weights begins with. */
    String place(String component) {
        return source.place(this, component);
    }

    /**
     * Where a component lies: in its folder. Where there is none, and the pipeline's own folder has a configuration, all parts lie
     * there, as diffusers 0.1 wrote models of one network.
     */
    public Path home(String component) {
        Path own = source.home(component);
        boolean isFlat = !Files.isDirectory(own)
                && components.containsKey(component)
                && Files.isRegularFile(folder().resolve("config.json"));
        return isFlat ? folder() : own;
    }

    boolean isBystander(String component) {
        return BYSTANDERS.contains(component) && find(component).isEmpty()
                || type().unused().contains(component);
    }

    /** The type that runs the pipeline; the plain one where Weir runs none of its class, for what to say of its parts. */
    PipelineType type() {
        return PipelineTypes.of(this).orElseGet(PipelineTypes::plain);
    }

    Component component(String folder) {
        return find(folder).orElseThrow();
    }

    Optional<Component> find(String folder) {
        return type().components().stream()
                .filter(component -> component.folder().equals(folder))
                .findFirst();
    }

    /** A setting of the pipeline itself. */
    public boolean flag(String key, boolean byDefault) {
        return json.path(key).asBoolean(byDefault);
    }

    /** Of a component, as the pipeline says it, or the one in whose folder it lies; empty where it has none. */
    public String classOf(String component) {
        String name = component.substring(component.lastIndexOf('/') + 1);
        return name.equals(component) || !Files.isRegularFile(indexOf(component))
                ? components.getOrDefault(component, "")
                : JsonFile.read(indexOf(component)).path(name).path(1).asText("");
    }

    /** A setting of the pipeline that a component in a folder of parts was published with. */
    public double setting(String component, String key, double byDefault) {
        boolean isApart = component.contains("/") && Files.isRegularFile(indexOf(component));
        return (isApart ? JsonFile.read(indexOf(component)) : json).path(key).asDouble(byDefault);
    }

    private Path indexOf(String component) {
        return home(component).resolveSibling(FILE);
    }

    /** Why Weir cannot run a component, present or missing. */
    Optional<String> problem(String component) {
        if (isBystander(component)) {
            return Optional.empty();
        }
        String name = classOf(component);
        Optional<Component> part = find(component);
        if (part.isEmpty()) {
            return Optional.of("Weir runs no pipeline with a %s (%s)".formatted(component, name));
        }
        // The parts in folders of parts are not in the file.
        if (component.contains("/")) {
            return Optional.empty();
        }
        if (name.isEmpty()) {
            return Optional.of("the pipeline has none, and Weir runs none without");
        }
        List<String> known = part.get().use().classNames();
        return known.isEmpty() || known.contains(name)
                ? Optional.empty()
                : Optional.of("%s is not one of %s".formatted(name, known));
    }

    /** Throws {@link ModelException} that says what the pipeline is, and names the first component that does not run. */
    void requireSupported() {
        Optional<String> component = Stream.concat(
                        components.keySet().stream(),
                        type().components().stream().map(Component::folder))
                .flatMap(name -> problem(name).map(problem -> name + ": " + problem).stream())
                .findFirst();
        if (flag("requires_aesthetics_score", false)) {
            throw Refusal.refiner().at(path(), FILE + ": requires_aesthetics_score is true");
        }
        Optional<Refusal> kind =
                PipelineTypes.of(this).isPresent() ? Optional.empty() : Optional.of(PipelineKind.refusal(className));
        if (kind.isEmpty() && component.isEmpty()) {
            return;
        }
        String reason = component
                .map(problem -> "%s is not supported: %s".formatted(className, problem))
                .orElse(className + " is not supported");
        if (kind.isEmpty()) {
            throw new ModelException("%s: %s".formatted(file(), reason));
        }
        Refusal refusal = component.isEmpty() && hasPlainUnet()
                ? kind.get()
                        .besides(SAME_WEIGHTS.formatted(
                                PipelineTypes.plain().classNames().get(0)))
                : kind.get();
        throw refusal.at(path(), "%s: %s".formatted(FILE, reason));
    }

    /** Whether the UNet sees latents alone, no mask and no picture. */
    private boolean hasPlainUnet() {
        ComponentConfig unet = config("unet");
        return unet.count("in_channels", 4) == unet.count("out_channels", 4);
    }

    /** Loads a network with its configuration and weights. Throws {@link ModelException} that names the part. */
    <T> T load(String component, BiFunction<ComponentConfig, Weights, T> network) {
        String place = place(component);
        try {
            return load(place, () -> network.apply(config(component), weights(component)));
        } catch (ModelException e) {
            throw new ModelException(e.getMessage() + source.advice(), e);
        }
    }

    /** @param place what an error begins with */
    static <T> T load(String place, Supplier<T> network) {
        try {
            return network.get();
        } catch (ModelException e) {
            throw e.in(place);
        }
    }
}
