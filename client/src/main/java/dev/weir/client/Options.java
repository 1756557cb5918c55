package dev.weir.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What only some models or samplers take; the gateway says so where one does not. Immutable. Start from {@link #NONE}. A value of
 * null leaves the field out.
 *
 * @param fields the values by the gateway's names
 */
public record Options(Map<String, Object> fields) {

    private static final String LORAS = "loras";
    private static final String IP_ADAPTERS = "ip_adapters";

    public static final Options NONE = new Options(Map.of());

    public Options {
        fields = Map.copyOf(fields);
    }

    /** The sigma schedule, as {@code karras}. */
    public Options withSchedule(String name) {
        return with("schedule", name);
    }

    /** The sampler's share of noise, 0 to 1. */
    public Options withEta(Double share) {
        return with("eta", share);
    }

    /** The generator of the noise: {@code cpu}, {@code cpu:INDEX}, {@code comfyui}, {@code cuda} or {@code cuda:BLOCKS}. */
    public Options withNoise(String kind) {
        return with("noise", kind);
    }

    /** The tool whose rules prompts are read by: {@code plain}, {@code a1111}, {@code comfyui} or {@code compel}. */
    public Options withPromptSyntax(String name) {
        return with("prompt_syntax", name);
    }

    /** For class-conditional models. */
    public Options withClassLabel(Integer label) {
        return with("class_label", label);
    }

    /** How many of the text encoder's last layers are left out. */
    public Options withClipSkip(Integer layers) {
        return with("clip_skip", layers);
    }

    /** 0 to 1. */
    public Options withGuidanceRescale(Double share) {
        return with("guidance_rescale", share);
    }

    /** The share of the steps before which there is no guidance, 0 to 1. */
    public Options withGuidanceStart(Double share) {
        return with("guidance_start", share);
    }

    /** The share of the steps from which on there is no guidance, 0 to 1. Such steps take about half of the time. */
    public Options withGuidanceEnd(Double share) {
        return with("guidance_end", share);
    }

    /** Whether later steps add the difference that guidance made in its last step. */
    public Options withGuidanceReuse(Boolean isReused) {
        return with("guidance_reuse", isReused);
    }

    /** How much the picture counts, for models that edit one as the prompt says. */
    public Options withImageGuidanceScale(Double scale) {
        return with("image_guidance_scale", scale);
    }

    /** {@code WIDTHxHEIGHT}. */
    public Options withOriginalSize(String size) {
        return with("original_size", size);
    }

    /** {@code LEFT,TOP}. */
    public Options withCrop(String point) {
        return with("crop", point);
    }

    /** The share of the steps after which a model's refiner takes over; 1: it does nothing. */
    public Options withRefinerStart(Double share) {
        return with("refiner_start", share);
    }

    /** The steps of a model's prior. */
    public Options withPriorSteps(Integer steps) {
        return with("prior_steps", steps);
    }

    /** How much the prompt counts for a model's prior. */
    public Options withPriorGuidanceScale(Double scale) {
        return with("prior_guidance_scale", scale);
    }

    /** How much noise is added to a given picture before the model sees it. */
    public Options withNoiseLevel(Integer level) {
        return with("noise_level", level);
    }

    /** One more LoRA, which changes the model for this request alone. Negative weights are allowed. */
    public Options withLora(String name, double weight) {
        List<Object> all = new ArrayList<>();
        if (fields.get(LORAS) instanceof List<?> before) {
            all.addAll(before);
        }
        all.add(Map.of("name", name, "weight", weight));
        return with(LORAS, List.copyOf(all));
    }

    /**
     * One more IP-Adapter, by which the model sees images beside the prompt.
     *
     * @param scale by how much they count; 1 is the most that is usual
     * @param files PNG, JPEG or WebP
     */
    public Options withIpAdapter(String name, double scale, List<byte[]> files) {
        List<Object> all = new ArrayList<>();
        if (fields.get(IP_ADAPTERS) instanceof List<?> before) {
            all.addAll(before);
        }
        List<String> images =
                files.stream().map(Base64.getEncoder()::encodeToString).toList();
        all.add(Map.of("name", name, "scale", scale, "images", images));
        return with(IP_ADAPTERS, List.copyOf(all));
    }

    private Options with(String name, Object value) {
        Map<String, Object> changed = new TreeMap<>(fields);
        if (value == null) {
            changed.remove(name);
        } else {
            changed.put(name, value);
        }
        return new Options(changed);
    }

    /** Puts the fields under the names that the gateway has for them. */
    public void addTo(ObjectNode json) {
        fields.forEach((name, value) -> json.set(name, Json.of(value)));
    }
}
