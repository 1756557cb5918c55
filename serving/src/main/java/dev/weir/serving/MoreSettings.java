package dev.weir.serving;

import dev.weir.proto.v1.Attachment;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Upscaler;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The settings of a request that change its picture and that few requests name, as text for a picture's file. Where tools have a
 * name for a setting, it is theirs. Stateless; any thread.
 */
final class MoreSettings {

    /** The names of the files' digests. */
    private static final Map<String, String> HASHES = Map.of("init_image", "Init image hash", "mask", "Mask hash");

    private MoreSettings() {}

    /** In the order in which they are written; without those that the request leaves as they are. */
    static Map<String, String> of(Generation generation) {
        Map<String, String> more = new LinkedHashMap<>();
        if (!generation.getSchedule().isEmpty()) {
            more.put("Schedule type", generation.getSchedule());
        }
        if (generation.hasFlowTable()) {
            more.put("Shift", Double.toString(generation.getFlowTable().getShift()));
        }
        if (generation.hasEta()) {
            more.put("Eta", Float.toString(generation.getEta()));
        }
        if (!generation.getNoise().isEmpty()) {
            more.put("RNG", generation.getNoise());
        }
        if (!generation.getPromptSyntax().isEmpty()) {
            more.put("Prompt syntax", generation.getPromptSyntax());
        }
        if (generation.getClipSkip() > 0) {
            more.put("Clip skip", Integer.toString(generation.getClipSkip() + 1));
        }
        if (generation.getGuidanceRescale() != 0) {
            more.put("Guidance rescale", Float.toString(generation.getGuidanceRescale()));
        }
        if (generation.getGuidanceStart() > 0) {
            more.put("Guidance start", Double.toString(generation.getGuidanceStart()));
        }
        if (generation.hasGuidanceEnd()) {
            more.put("Guidance end", Double.toString(generation.getGuidanceEnd()));
        }
        if (generation.getGuidanceReuse()) {
            more.put("Guidance reuse", "True");
        }
        if (generation.hasClassLabel()) {
            more.put("Class label", Integer.toUnsignedString(generation.getClassLabel()));
        }
        if (generation.hasOriginalSize()) {
            more.put(
                    "Original size",
                    "%dx%d"
                            .formatted(
                                    generation.getOriginalSize().getWidth(),
                                    generation.getOriginalSize().getHeight()));
        }
        if (generation.hasCrop()) {
            more.put(
                    "Crop",
                    "%d+%d"
                            .formatted(
                                    generation.getCrop().getX(),
                                    generation.getCrop().getY()));
        }
        if (generation.hasRefinerStart() && generation.getRefinerStart() < 1) {
            more.put("Refiner switch at", Double.toString(generation.getRefinerStart()));
        }
        if (generation.hasStrength()) {
            more.put("Denoising strength", Double.toString(generation.getStrength()));
        }
        if (generation.hasPriorSteps()) {
            more.put("Prior steps", Integer.toString(generation.getPriorSteps()));
        }
        if (generation.hasPriorGuidanceScale()) {
            more.put("Prior guidance scale", Float.toString(generation.getPriorGuidanceScale()));
        }
        if (generation.hasNoiseLevel()) {
            more.put("Noise level", Integer.toString(generation.getNoiseLevel()));
        }
        if (generation.hasImageGuidanceScale()) {
            more.put("Image CFG scale", Float.toString(generation.getImageGuidanceScale()));
        }
        if (generation.hasMaskBlur()) {
            more.put("Mask blur", Double.toString(generation.getMaskBlur()));
        }
        if (!generation.getMaskedContent().isEmpty()) {
            more.put("Masked content", generation.getMaskedContent());
        }
        if (generation.hasPaddingMaskCrop()) {
            more.put("Inpaint area", "Only masked");
            more.put("Masked area padding", Integer.toString(generation.getPaddingMaskCrop()));
        }
        if (generation.getLorasCount() > 0) {
            // A LoRA with two weights is there twice, first for the text encoders.
            Map<String, String> weights = new LinkedHashMap<>();
            generation
                    .getLorasList()
                    .forEach(lora -> weights.merge(lora.getName(), ":" + lora.getWeight(), String::concat));
            more.put(
                    "Loras",
                    weights.entrySet().stream()
                            .map(lora -> lora.getKey() + lora.getValue())
                            .collect(Collectors.joining(" ")));
        }
        for (int i = 0; i < generation.getControlsCount(); i++) {
            more.put("ControlNet " + i, control(generation.getControls(i)));
        }
        if (generation.getIpAdaptersCount() > 0) {
            more.put(
                    "IP-Adapters",
                    generation.getIpAdaptersList().stream()
                            .map(adapter -> adapter.getName() + ":" + adapter.getScale())
                            .collect(Collectors.joining(" ")));
        }
        if (generation.getUpscalersCount() > 0) {
            more.put(
                    "Upscaler",
                    generation.getUpscalersList().stream()
                            .map(Upscaler::getName)
                            .collect(Collectors.joining(" ")));
        }
        for (Attachment attachment : generation.getAttachmentsList()) {
            more.put("Workflow", generation.getWorkflow());
            more.put(
                    HASHES.getOrDefault(attachment.getName(), attachment.getName() + " hash"),
                    HexFormat.of().formatHex(attachment.getSha256().toByteArray()));
        }
        return more;
    }

    /** In the words of the ControlNet extension of Stable Diffusion web UI. */
    private static String control(Control control) {
        return "\"Module: %s, Model: %s, Weight: %s, Guidance Start: %s, Guidance End: %s, Control Mode: %s\""
                .formatted(
                        control.getPreprocess(),
                        control.getNet().getName(),
                        control.getScale(),
                        control.getStart(),
                        control.getEnd(),
                        control.getGuess() ? "ControlNet is more important" : "Balanced");
    }
}
