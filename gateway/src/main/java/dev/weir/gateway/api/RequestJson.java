package dev.weir.gateway.api;

import dev.weir.gateway.job.JobSpec;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.Size;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collector;

/**
 * What a job was asked for, in the fields of a request and with every default filled in. The same request again makes the same images,
 * except that images which the request brought are not here. Stateless.
 */
public final class RequestJson {

    private static final Collector<JsonObject, JsonArray, JsonArray> ARRAY =
            Collector.of(JsonArray::new, JsonArray::add, JsonArray::addAll);

    private RequestJson() {}

    public static JsonObject of(JobSpec spec) {
        Generation generation = spec.generation();
        if (generation.hasResizing()) {
            return ofPicture(spec);
        }
        JsonObject json = new JsonObject()
                .put("prompt", generation.getPrompt())
                .put("model", spec.model())
                .put("n", spec.samples())
                .put("seed", EventJson.seed(generation.getSeed()))
                .put("size", generation.getWidth() + "x" + generation.getHeight())
                .put("num_inference_steps", generation.getSteps())
                .put("guidance_scale", exact(generation.getGuidanceScale()))
                .put("sampler", generation.getSampler())
                .put("output_format", generation.getOutputFormat())
                .put("output_compression", generation.getOutputCompression());
        if (generation.hasNegativePrompt()) {
            json.put("negative_prompt", generation.getNegativePrompt());
        }
        putText(json, "schedule", generation.getSchedule());
        putText(json, "prompt_syntax", generation.getPromptSyntax());
        putText(json, "noise", generation.getNoise());
        if (generation.hasEta()) {
            json.put("eta", exact(generation.getEta()));
        }
        if (generation.getGuidanceRescale() != 0) {
            json.put("guidance_rescale", exact(generation.getGuidanceRescale()));
        }
        if (generation.getGuidanceStart() > 0) {
            json.put("guidance_start", generation.getGuidanceStart());
        }
        if (generation.hasGuidanceEnd()) {
            json.put("guidance_end", generation.getGuidanceEnd());
        }
        if (generation.getGuidanceReuse()) {
            json.put("guidance_reuse", true);
        }
        if (generation.getClipSkip() != 0) {
            json.put("clip_skip", generation.getClipSkip());
        }
        putOfWorkflow(json, generation);
        putFiles(json, generation);
        return json;
    }

    /** Of a job that generates nothing. */
    private static JsonObject ofPicture(JobSpec spec) {
        Generation generation = spec.generation();
        JsonObject json = new JsonObject().put("model", spec.model());
        generation.getUpscalersList().forEach(upscaler -> json.put(UpscalerReader.FIELD, upscaler.getName()));
        return json.put("output_format", generation.getOutputFormat())
                .put("output_compression", generation.getOutputCompression());
    }

    private static void putText(JsonObject json, String name, String value) {
        if (!value.isEmpty()) {
            json.put(name, value);
        }
    }

    private static void putOfWorkflow(JsonObject json, Generation generation) {
        if (generation.hasClassLabel()) {
            json.put("class_label", generation.getClassLabel());
        }
        if (generation.hasOriginalSize()) {
            Size size = generation.getOriginalSize();
            json.put("original_size", size.getWidth() + "x" + size.getHeight());
        }
        if (generation.hasCrop()) {
            json.put(
                    "crop",
                    generation.getCrop().getX() + "," + generation.getCrop().getY());
        }
        if (generation.hasStrength()) {
            json.put("strength", generation.getStrength());
        }
        if (generation.hasImageGuidanceScale()) {
            json.put("image_guidance_scale", exact(generation.getImageGuidanceScale()));
        }
        if (generation.hasRefinerStart()) {
            json.put("refiner_start", generation.getRefinerStart());
        }
        if (generation.hasMaskBlur()) {
            json.put("mask_blur", generation.getMaskBlur());
        }
        putText(json, "masked_content", generation.getMaskedContent());
        if (generation.hasPaddingMaskCrop()) {
            json.put("padding_mask_crop", generation.getPaddingMaskCrop());
        }
        if (generation.hasNoiseLevel()) {
            json.put("noise_level", generation.getNoiseLevel());
        }
        if (generation.hasPriorSteps()) {
            json.put("prior_steps", generation.getPriorSteps());
        }
        if (generation.hasPriorGuidanceScale()) {
            json.put("prior_guidance_scale", exact(generation.getPriorGuidanceScale()));
        }
    }

    /** A LoRA with another weight for the text encoders is there twice, first for them ({@link LoraReader}). */
    private static void putLora(Map<String, JsonObject> loras, Lora lora) {
        JsonObject first = loras.putIfAbsent(
                lora.getName(), new JsonObject().put("name", lora.getName()).put("weight", exact(lora.getWeight())));
        if (first != null) {
            first.put("text_weight", first.getValue("weight")).put("weight", exact(lora.getWeight()));
        }
    }

    private static void putFiles(JsonObject json, Generation generation) {
        if (generation.getLorasCount() > 0) {
            Map<String, JsonObject> loras = new LinkedHashMap<>();
            generation.getLorasList().forEach(lora -> putLora(loras, lora));
            json.put("loras", new JsonArray(List.copyOf(loras.values())));
        }
        if (generation.getControlsCount() > 0) {
            json.put(
                    "controlnets",
                    generation.getControlsList().stream()
                            .map(control -> new JsonObject()
                                    .put("name", control.getNet().getName())
                                    .put("preprocess", control.getPreprocess())
                                    .put("scale", exact(control.getScale()))
                                    .put("start", control.getStart())
                                    .put("end", control.getEnd())
                                    .put("guess", control.getGuess()))
                            .collect(ARRAY));
        }
        if (generation.hasFinishing() && generation.getFinishing().getStepsCount() == 1) {
            putText(json, "upscaler", generation.getFinishing().getSteps(0).getUpscaler());
        }
        if (generation.getIpAdaptersCount() > 0) {
            json.put(
                    "ip_adapters",
                    generation.getIpAdaptersList().stream()
                            .map(adapter -> new JsonObject()
                                    .put("name", adapter.getName())
                                    .put("scale", exact(adapter.getScale())))
                            .collect(ARRAY));
        }
    }

    /** As the request wrote it: 0.6, and not the nearest double of the nearest float. */
    private static double exact(float number) {
        return Double.parseDouble(Float.toString(number));
    }
}
