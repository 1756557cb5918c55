package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Errors in the shape of Automatic1111's {@code api_middleware}, with the names of its fields. Stateless. */
final class Errors {

    /** What that program calls fields of Weir. */
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("n", "batch_size"),
            Map.entry("num_inference_steps", "steps"),
            Map.entry("guidance_scale", "cfg_scale"),
            Map.entry("image_guidance_scale", "image_cfg_scale"),
            Map.entry("size", "width and height"),
            Map.entry("sampler", "sampler_name"),
            Map.entry("schedule", "scheduler"),
            Map.entry("init_image", "init_images"),
            Map.entry("strength", "denoising_strength"),
            Map.entry("padding_mask_crop", "inpaint_full_res_padding"),
            Map.entry("clip_skip", "CLIP_stop_at_last_layers"),
            Map.entry("model", "sd_model_checkpoint"));

    /** A field of a ControlNet, as messages begin with it. */
    private static final Pattern UNIT = Pattern.compile("^controlnets\\[(\\d)]\\.(\\w+)");

    private static final Map<String, String> UNIT_NAMES =
            Map.of("name", "model", "scale", "weight", "start", "guidance_start", "end", "guidance_end");

    private Errors() {}

    static JsonObject toJson(ApiError error) {
        String detail = error.message();
        String param = error.param();
        if (param != null && NAMES.containsKey(param) && detail.startsWith(param + " ")) {
            detail = NAMES.get(param) + detail.substring(param.length());
        }
        Matcher unit = UNIT.matcher(detail);
        if (unit.find()) {
            String field = UNIT_NAMES.getOrDefault(unit.group(2), unit.group(2));
            detail = "alwayson_scripts.ControlNet.args[%s].%s".formatted(unit.group(1), field)
                    + detail.substring(unit.end());
        }
        return new JsonObject()
                .put("error", "HTTPException")
                .put("detail", detail)
                .put("body", "")
                .put("errors", error.status() + ": " + detail);
    }
}
