package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A model's {@code scheduler_config.json}: the scheduler that the model was published with, and its keys. Immutable.
 *
 * <p>Each scheduler class reads the keys of its own and ignores those of others, as diffusers does. A key that no
 * scheduler knows may change the picture in a newer diffusers, so it is refused.
 *
 * @param file what an error names
 * @param className the scheduler's class, {@code DDIMScheduler}; empty where nothing names it
 */
public record SchedulerConfig(Path file, String className, ObjectNode keys) {

    /** A key of Weir's own. */
    static final String EVEN_LEVELS = "_even_levels";

    /** Those of a {@link FlowTable}. No file has them. */
    static final String TABLE_SHIFT = "_table_shift";

    static final String TABLE_LEVELS = "_table_levels";

    private static final String USED_DEFAULTS = "_use_default_values";

    /** Throws {@link dev.weir.engine.ModelException} naming the file where it is missing or no JSON object. */
    public static SchedulerConfig read(Path file) {
        ObjectNode keys = (ObjectNode) JsonFile.read(file);
        JsonNode className = keys.path("_class_name");
        // diffusers lists here what it wrote only because it was the class's default. Another class has its own.
        keys.path(USED_DEFAULTS).forEach(key -> keys.remove(key.asText()));
        return new SchedulerConfig(file, className.isTextual() ? className.textValue() : "", keys);
    }

    /**
     * The scheduler as pipelines load it that correct the files of old models: of the class that model_index.json names, with
     * {@code steps_offset} 1 and without {@code clip_sample}, whatever the file says (diffusers 0.35.2,
     * pipeline_stable_diffusion.py). A file for a scheduler that Weir does not know keeps its own class, to be refused.
     */
    public SchedulerConfig corrected(String indexClass) {
        boolean isReadable =
                className.isEmpty() || SchedulerTypes.ofClass(className).isPresent();
        return new SchedulerConfig(
                file,
                isReadable ? indexClass : className,
                with(Map.of("steps_offset", IntNode.valueOf(1), "clip_sample", BooleanNode.FALSE)));
    }

    /**
     * The scheduler with other keys, and of another class where these name one.
     *
     * @param named what errors name from now on
     */
    public SchedulerConfig changed(Path named, ObjectNode changes) {
        return new SchedulerConfig(named, changes.path("_class_name").asText(className), with(changes));
    }

    /** What {@code from_config} of another class makes of the file: its keys. */
    public SchedulerConfig as(String otherClass) {
        return new SchedulerConfig(file, otherClass, keys);
    }

    /**
     * The scheduler of a flow whose pipeline says the noise levels itself: from 1 to the share of one step, evenly before the shift,
     * whatever the training schedule is. diffusers' pipelines of Flux do.
     */
    public SchedulerConfig withEvenLevels() {
        return new SchedulerConfig(file, className, with(Map.of(EVEN_LEVELS, BooleanNode.TRUE)));
    }

    /** The scheduler of a flow for which ComfyUI has these levels, whatever the file says. A request may say others. */
    public SchedulerConfig withComfyLevels(FlowTable table) {
        return new SchedulerConfig(
                file,
                className,
                with(Map.of(
                        TABLE_SHIFT,
                        DoubleNode.valueOf(table.shift()),
                        TABLE_LEVELS,
                        IntNode.valueOf(table.levels()))));
    }

    /** Length of the schedule that the model was trained on. */
    public int trainTimesteps() {
        return NoiseSchedule.of(this).length();
    }

    /** A key that no scheduler class known to Weir has, if the file has one that is not off. */
    public Optional<String> unknownKey() {
        return ownKeys().unknown();
    }

    /** The keys, of which a request's sampler decides some. */
    SchedulerKeys keysWith(Map<String, JsonNode> decided) {
        return new SchedulerKeys(file, with(decided));
    }

    SchedulerKeys ownKeys() {
        return new SchedulerKeys(file, keys);
    }

    private ObjectNode with(ObjectNode decided) {
        ObjectNode changed = keys.deepCopy();
        changed.setAll(decided);
        return changed;
    }

    private ObjectNode with(Map<String, JsonNode> decided) {
        ObjectNode changed = keys.deepCopy();
        changed.setAll(decided);
        return changed;
    }
}
