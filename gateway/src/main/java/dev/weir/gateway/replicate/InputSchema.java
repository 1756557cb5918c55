package dev.weir.gateway.replicate;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** What a version says of its input and output: the part of Cog's OpenAPI document that clients read. Stateless. */
final class InputSchema {

    private static final Set<String> FILES = Set.of("init_image", "mask", "depth_map", "control_image");
    private static final JsonObject FILE =
            new JsonObject().put("type", "string").put("format", "uri");

    private InputSchema() {}

    static JsonObject of(ModelCard card) {
        JsonObject schemas = new JsonObject()
                .put(
                        "Input",
                        new JsonObject()
                                .put("type", "object")
                                .put("title", "Input")
                                .put("properties", input(card)))
                .put(
                        "Output",
                        new JsonObject()
                                .put("type", "array")
                                .put("title", "Output")
                                .put("items", FILE.copy()));
        return new JsonObject()
                .put("openapi", "3.0.2")
                .put("info", new JsonObject().put("title", "Cog").put("version", "0.1.0"))
                .put("components", new JsonObject().put("schemas", schemas));
    }

    private static JsonObject input(ModelCard card) {
        JsonObject input = new JsonObject()
                .put("width", type("integer"))
                .put("height", type("integer"))
                .put("num_outputs", type("integer").put("minimum", 1))
                .put("num_inference_steps", type("integer").put("minimum", 1).put("default", card.getDefaultSteps()))
                .put("seed", type("integer"))
                .put("scheduler", type("string").put("enum", samplers(card)).put("default", card.getDefaultSampler()))
                .put(
                        "output_format",
                        type("string")
                                .put(
                                        "enum",
                                        new JsonArray().add("png").add("jpg").add("webp")))
                .put("output_quality", type("integer").put("minimum", 0).put("maximum", 100));
        Map<String, String> theirs = new LinkedHashMap<>();
        PredictionRequest.RENAMED.forEach((name, own) -> theirs.put(own, name));
        card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getFieldsList().stream())
                .forEach(field -> input.put(theirs.getOrDefault(field.getName(), field.getName()), property(field)));
        return input;
    }

    private static JsonArray samplers(ModelCard card) {
        JsonArray names = new JsonArray();
        card.getSamplersList().stream().map(Sampler::getName).forEach(names::add);
        return names;
    }

    private static JsonObject property(Field field) {
        if (FILES.contains(field.getName())) {
            return FILE.copy();
        }
        return field.getMin() == field.getMax()
                ? type("string")
                : type("number").put("minimum", field.getMin()).put("maximum", field.getMax());
    }

    private static JsonObject type(String name) {
        return new JsonObject().put("type", name);
    }
}
