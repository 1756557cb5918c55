package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.FieldNames;
import io.vertx.core.json.JsonObject;
import java.util.Map;

/** Errors in the shape of Automatic1111's {@code api_middleware}, with the names of its fields. Stateless. */
final class Errors {

    /** What that program calls fields of Weir. Its other names are the same. */
    static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("n", "batch_size"),
            Map.entry("num_inference_steps", "steps"),
            Map.entry("guidance_scale", "cfg_scale"),
            Map.entry("image_guidance_scale", "image_cfg_scale"),
            Map.entry("size", "width and height"),
            Map.entry("sampler", "sampler_name"),
            Map.entry("schedule", "scheduler"),
            Map.entry("init_image", "init_images"),
            Map.entry("strength", "denoising_strength"),
            Map.entry("masked_content", "inpainting_fill"),
            Map.entry("padding_mask_crop", "inpaint_full_res_padding"),
            Map.entry("clip_skip", "CLIP_stop_at_last_layers"),
            Map.entry("model", "sd_model_checkpoint"));

    private static final FieldNames FIELDS = FieldNames.of(NAMES);

    private Errors() {}

    static JsonObject toJson(ApiError error) {
        String detail = FIELDS.translated(error.message());
        return new JsonObject()
                .put("error", "HTTPException")
                .put("detail", detail)
                .put("body", "")
                .put("errors", error.status() + ": " + detail);
    }
}
