package dev.weir.gateway.responses;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.job.ModelNames;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A request of {@code /v1/responses}. The last message of the user is the prompt, and an image in it is the image to change. The model
 * of a request is mostly one that writes text, so a name that is not served here means the first model.
 *
 * @param image in Weir's own fields
 * @param model as the answer repeats it
 * @param tools as the answer repeats them
 */
record ResponseRequest(Fields image, boolean stream, String model, JsonArray tools) {

    private static final String TOOL = "image_generation";
    /** Of the tool: what has another place or no meaning here. */
    private static final Set<String> OTHERWISE =
            Set.of("type", "action", "model", "input_fidelity", "input_image_mask", "partial_images");

    /** Any thread. Throws {@link ApiException}. */
    static ResponseRequest of(Fields asked, ModelNames models) {
        JsonObject json = asked.toJson();
        boolean stream = asked.flag("stream");
        JsonArray tools = array(json, "tools");
        JsonObject tool = tools.stream()
                .filter(JsonObject.class::isInstance)
                .map(JsonObject.class::cast)
                .filter(each -> TOOL.equals(each.getValue("type")))
                .findFirst()
                .orElseThrow(() -> asked.invalid(
                        "unsupported_value",
                        "tools",
                        "must have {\"type\": \"image_generation\"}: Weir makes images only"));
        if (tool.getValue("n", 1) instanceof Number n && n.doubleValue() > 1) {
            throw asked.invalid("unsupported_value", "tools", "must not have n above 1: a response has one image");
        }
        Map<String, Object> image = new LinkedHashMap<>();
        tool.forEach(entry -> {
            if (!OTHERWISE.contains(entry.getKey())) {
                image.put(entry.getKey(), entry.getValue());
            }
        });
        image.put("stream", stream);
        if (stream && tool.getValue("partial_images") != null) {
            image.put("partial_images", tool.getValue("partial_images"));
        }
        String model = asked.text("model").orElse("");
        Optional.ofNullable(tool.getValue("model"))
                .or(() -> Optional.of(model))
                .map(String::valueOf)
                .filter(name -> models.find(name).isPresent())
                .ifPresent(name -> image.put("model", name));
        prompt(asked, json, image);
        if (tool.getValue("input_image_mask") instanceof JsonObject mask) {
            image.put("mask", url(asked, "tools", mask));
        }
        return new ResponseRequest(Fields.of(image), stream, model, tools);
    }

    private static JsonArray array(JsonObject json, String name) {
        return json.getValue(name) instanceof JsonArray list ? list : new JsonArray();
    }

    private static void prompt(Fields asked, JsonObject json, Map<String, Object> image) {
        List<String> images = new ArrayList<>();
        StringBuilder prompt = new StringBuilder();
        Object input = json.getValue("input");
        if (input instanceof String text) {
            prompt.append(text);
        } else if (input instanceof JsonArray items) {
            JsonObject message = items.stream()
                    .filter(JsonObject.class::isInstance)
                    .map(JsonObject.class::cast)
                    .filter(item -> "user".equals(item.getValue("role")))
                    .reduce((first, second) -> second)
                    .orElseThrow(() -> asked.invalid("invalid_value", "input", "has no message of the user"));
            read(asked, message.getValue("content"), prompt, images);
        }
        if (prompt.isEmpty() && images.isEmpty()) {
            throw asked.missing("input");
        }
        if (images.size() > 1) {
            throw asked.invalid(
                    "out_of_range", "input", "has several images, and these models take one image to change");
        }
        image.put("prompt", prompt.toString());
        images.forEach(url -> image.put("init_image", url));
    }

    private static void read(Fields asked, Object content, StringBuilder prompt, List<String> images) {
        if (content instanceof String text) {
            prompt.append(text);
        } else if (content instanceof JsonArray parts) {
            for (Object each : parts) {
                if (!(each instanceof JsonObject part)) {
                    continue;
                }
                switch (String.valueOf(part.getValue("type"))) {
                    case "input_text" ->
                        prompt.append(prompt.isEmpty() ? "" : "\n").append(part.getValue("text"));
                    case "input_image" -> images.add(url(asked, "input", part));
                    default ->
                        throw asked.invalid(
                                "unsupported_value", "input", "has a part that is neither input_text nor input_image");
                }
            }
        }
    }

    /** Weir fetches nothing, so that nobody can send it to addresses which only it reaches. */
    private static String url(Fields asked, String field, JsonObject part) {
        String url = String.valueOf(part.getValue("image_url"));
        if (!url.startsWith("data:")) {
            throw new ApiException(ApiError.invalid(
                    "unsupported_value", "%s: an image must be a data URL in image_url".formatted(field), field));
        }
        return url;
    }
}
