package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.SafetensorsOutput;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * A folder in diffusers' layout while original files become one: its parts, and the list of them. Confined to one thread.
 *
 * @param progress told how many bytes more are written
 */
record ConvertedFolder(Path folder, ObjectNode index, LongConsumer progress) {

    static final String WEIGHTS_OF_DIFFUSERS = "diffusion_pytorch_model.safetensors";
    static final String WEIGHTS_OF_TRANSFORMERS = "model.safetensors";

    ConvertedFolder(Path folder, String pipeline, LongConsumer progress) {
        this(folder, JsonNodeFactory.instance.objectNode().put("_class_name", pipeline), progress);
    }

    /** Lists a part of the pipeline, unless it lies in a folder of parts. */
    void list(String part, String library, String className) {
        index.putArray(part).add(library).add(className);
    }

    void network(String part, ObjectNode config, Weights weights, String name) throws IOException {
        Path home = folder.resolve(part);
        json(home.resolve(ComponentConfig.FILE), config);
        SafetensorsOutput.write(home.resolve(name), weights, Map.of(), progress);
    }

    void scheduler(String part, ObjectNode config) throws IOException {
        json(folder.resolve(part).resolve("scheduler_config.json"), config);
    }

    static void json(Path file, JsonNode json) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, json.toPrettyString() + "\n");
    }

    void finish() throws IOException {
        json(folder.resolve(PipelineIndex.FILE), index);
    }
}
