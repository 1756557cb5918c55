package dev.weir.engine.prompt;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The tool whose rules a prompt is read by. */
public enum PromptSyntax {
    /** The text as it stands, cut where it is too long. */
    PLAIN,
    /** AUTOMATIC1111's stable-diffusion-webui. */
    A1111,
    COMFYUI,
    /** The library compel for diffusers. */
    COMPEL;

    /** The names in requests. */
    public static List<String> ids() {
        return Arrays.stream(values()).map(PromptSyntax::id).toList();
    }

    /** Empty is plain. Throws an IllegalArgumentException that names an unknown one. */
    public static PromptSyntax parse(String id) {
        return id.isEmpty()
                ? PLAIN
                : Arrays.stream(values())
                        .filter(syntax -> syntax.id().equals(id))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(
                                "prompt syntax \"%s\" is not one of %s".formatted(id, ids())));
    }

    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
