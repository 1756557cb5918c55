package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.gateway.job.StepRange;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Workflow;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a version says of its input and output: the part of Cog's OpenAPI document that clients read. Stateless. */
final class InputSchema {

    private static final Set<String> FILES = Set.of("init_image", "mask", "depth_map", "control_image");
    /** Numbers without a fraction. */
    private static final Set<String> INTEGERS =
            Set.of("class_label", "clip_skip", "noise_level", "padding_mask_crop", "prior_steps");

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
                                .put("required", required(card))
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
        StepRange steps = StepRange.of(card);
        JsonObject input = new JsonObject()
                .put("width", side(card))
                .put("height", side(card))
                .put("num_outputs", type("integer").put("minimum", 1).put("maximum", RequestReader.MAX_IMAGES))
                .put(
                        "num_inference_steps",
                        type("integer")
                                .put("minimum", steps.min())
                                .put("maximum", steps.max())
                                .put("default", steps.clamp(card.getDefaultSteps())))
                .put("seed", type("integer"))
                .put("scheduler", type("string").put("enum", samplers(card)).put("default", card.getDefaultSampler()))
                .put(
                        "output_format",
                        type("string")
                                .put(
                                        "enum",
                                        new JsonArray().add("png").add("jpg").add("webp")))
                .put("output_quality", type("integer").put("minimum", 0).put("maximum", 100));
        card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getFieldsList().stream())
                .collect(Collectors.groupingBy(InputSchema::theirs, LinkedHashMap::new, Collectors.toList()))
                .forEach((name, same) -> input.put(name, property(same)));
        return input;
    }

    /** Where sides are multiples of another number in each workflow, no number is said. */
    private static JsonObject side(ModelCard card) {
        List<SizeRange> ranges = Route.ranges(card);
        JsonObject side = type("integer")
                .put("minimum", ranges.stream().mapToInt(SizeRange::min).min().orElseThrow())
                .put("maximum", ranges.stream().mapToInt(SizeRange::max).max().orElseThrow());
        int multiple = ranges.get(0).multiple();
        return ranges.stream().allMatch(range -> range.multiple() == multiple)
                ? side.put("multipleOf", multiple)
                : side;
    }

    /** The fields without which the model makes nothing. */
    private static JsonArray required(ModelCard card) {
        JsonArray names = new JsonArray();
        card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getFieldsList().stream())
                .filter(Field::getNeeded)
                .map(InputSchema::theirs)
                .distinct()
                .filter(name -> card.getWorkflowsList().stream().allMatch(workflow -> needs(workflow, name)))
                .forEach(names::add);
        return names;
    }

    private static boolean needs(Workflow workflow, String name) {
        return workflow.getFieldsList().stream()
                .anyMatch(field -> field.getNeeded() && theirs(field).equals(name));
    }

    private static String theirs(Field field) {
        return PredictionRequest.RENAMED.entrySet().stream()
                .filter(entry -> entry.getValue().equals(field.getName()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(field.getName());
    }

    private static JsonArray samplers(ModelCard card) {
        JsonArray names = new JsonArray();
        card.getSamplersList().stream().map(Sampler::getName).forEach(names::add);
        return names;
    }

    /** @param same of all workflows that have it: a default is written where they have the same one */
    private static JsonObject property(List<Field> same) {
        JsonObject property = property(same.get(0));
        Stream<Object> defaults = same.stream().map(each -> property(each).getValue("default"));
        if (defaults.distinct().count() > 1) {
            property.remove("default");
        }
        return property;
    }

    private static JsonObject property(Field field) {
        if (FILES.contains(field.getName())) {
            return FILE.copy();
        }
        List<?> values = ModelFields.values(field.getName());
        if (values.contains(true)) {
            return type("boolean").put("default", values.get(0));
        }
        if (!values.isEmpty()) {
            List<?> theirs = values.stream()
                    .map(value -> value.equals("jpeg") ? "jpg" : value)
                    .toList();
            return type("string").put("enum", new JsonArray(theirs)).put("default", theirs.get(0));
        }
        if (field.getMin() == field.getMax()) {
            return type("string");
        }
        return INTEGERS.contains(field.getName())
                ? number(field, "integer", value -> (long) value)
                : number(field, "number", value -> value);
    }

    private static JsonObject number(Field field, String type, DoubleFunction<Number> written) {
        JsonObject number =
                type(type).put("minimum", written.apply(field.getMin())).put("maximum", written.apply(field.getMax()));
        return field.hasUsual() ? number.put("default", written.apply(field.getUsual())) : number;
    }

    private static JsonObject type(String name) {
        return new JsonObject().put("type", name);
    }
}
