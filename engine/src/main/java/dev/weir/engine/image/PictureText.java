package dev.weir.engine.image;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The settings that made an image, in the format that common tools read under {@code parameters}.
 *
 * @param negativePrompt empty if there was none
 * @param seed unsigned
 * @param more settings that differ from what is usual, by the names that tools give them, in order
 * @param engine that computed, with its instruction set, as {@code onnx avx2}: the same request gives the same bytes on the
 *     same engine and instruction set only; empty where it is not known
 */
public record PictureText(
        String prompt,
        String negativePrompt,
        int steps,
        String sampler,
        float guidanceScale,
        long seed,
        int width,
        int height,
        String model,
        Map<String, String> more,
        String engine) {

    /** By PNG keyword. */
    public Map<String, String> byKeyword() {
        Map<String, String> text = new LinkedHashMap<>();
        text.put("parameters", parameters());
        text.put("Software", "Weir");
        return text;
    }

    /** The prompt, the negative prompt on its own line, and the settings on the last line. */
    private String parameters() {
        String negative = negativePrompt.isEmpty() ? "" : "Negative prompt: " + negativePrompt + "\n";
        String guidance = guidanceScale == Math.rint(guidanceScale)
                ? Integer.toString((int) guidanceScale)
                : Float.toString(guidanceScale);
        StringBuilder settings =
                new StringBuilder("%s\n%sSteps: %d, Sampler: %s, CFG scale: %s, Seed: %s, Size: %dx%d, Model: %s"
                        .formatted(
                                prompt,
                                negative,
                                steps,
                                sampler,
                                guidance,
                                Long.toUnsignedString(seed),
                                width,
                                height,
                                model));
        more.forEach((name, value) -> settings.append(", %s: %s".formatted(name, value)));
        if (!engine.isEmpty()) {
            settings.append(", Engine: ").append(engine);
        }
        return settings.toString();
    }
}
