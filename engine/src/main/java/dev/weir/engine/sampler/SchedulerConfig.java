package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A model's {@code scheduler_config.json}: the scheduler that the model was published with, and its keys. Immutable.
 *
 * <p>Each sampler reads the keys of its own scheduler and ignores those of others, as diffusers does. A key that no
 * scheduler knows may change the picture in a newer diffusers, so it is refused.
 *
 * @param file what an error names
 * @param className the scheduler's class, {@code DDIMScheduler}; empty where nothing names it
 */
public record SchedulerConfig(Path file, String className, ObjectNode keys) {

    /** Throws {@link ModelException} naming the file where it is missing or no JSON object. */
    public static SchedulerConfig read(Path file) {
        ObjectNode keys = (ObjectNode) JsonFile.read(file);
        JsonNode className = keys.path("_class_name");
        return new SchedulerConfig(file, className.isTextual() ? className.textValue() : "", keys);
    }

    /**
     * The scheduler as {@code StableDiffusionPipeline} loads it: of the class that model_index.json names, with
     * {@code steps_offset} 1 and without {@code clip_sample}, whatever the file says (diffusers 0.35.2,
     * pipeline_stable_diffusion.py). A file for a scheduler that Weir does not know keeps its own class, to be refused.
     */
    public SchedulerConfig inStableDiffusion(String indexClass) {
        boolean isReadable =
                className.isEmpty() || SchedulerClass.named(className).isPresent();
        return new SchedulerConfig(
                file,
                isReadable ? indexClass : className,
                with(Map.of("steps_offset", IntNode.valueOf(1), "clip_sample", BooleanNode.FALSE)));
    }

    /** Length of the schedule that the model was trained on. */
    public int trainTimesteps() {
        return training().trainTimesteps();
    }

    /** The keys that describe the training: what all samplers have in common. */
    SamplerConfig training() {
        return new SamplerConfigReader(
                        file, keys, SchedulerClass.named(className).orElse(SchedulerClass.DDPM))
                .config();
    }

    /** Throws {@link ModelException} naming file, key and value where the sampler does not compute what they ask for. */
    SamplerConfig of(NamedSampler sampler) {
        return new SamplerConfigReader(file, with(sampler.decided()), sampler.scheduler()).config();
    }

    private ObjectNode with(Map<String, JsonNode> decided) {
        ObjectNode changed = JsonNodeFactory.instance.objectNode();
        changed.setAll(keys);
        changed.setAll(decided);
        return changed;
    }
}
