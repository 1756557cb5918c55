package dev.weir.engine;

import dev.weir.engine.adapter.WeightedLora;
import java.util.List;

/**
 * A text to encode.
 *
 * @param clipSkip how many of the text encoder's last layers are left out, beyond those that the model leaves out itself
 * @param isAbsent whether a request gave no text; most models read the empty one instead
 * @param loras that change the text encoders for this prompt alone
 */
public record Prompt(String text, int clipSkip, boolean isAbsent, List<WeightedLora> loras) {

    public Prompt {
        loras = List.copyOf(loras);
    }

    public Prompt(String text, int clipSkip) {
        this(text, clipSkip, false, List.of());
    }

    public static Prompt of(String text) {
        return new Prompt(text, 0);
    }

    public static Prompt absent(int clipSkip) {
        return new Prompt("", clipSkip, true, List.of());
    }

    /** The same text for an encoder that LoRAs change. */
    public Prompt with(List<WeightedLora> changing) {
        return new Prompt(text, clipSkip, isAbsent, changing);
    }
}
