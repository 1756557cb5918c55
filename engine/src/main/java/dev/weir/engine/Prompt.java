package dev.weir.engine;

import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.prompt.PromptSyntax;
import java.util.List;

/**
 * A text to encode.
 *
 * @param clipSkip how many of the text encoder's last layers are left out, beyond those that the model leaves out itself
 * @param isAbsent whether a request gave no text; most models read the empty one instead
 * @param loras that change the text encoders for this prompt alone
 * @param syntax by whose rules the text is read
 */
public record Prompt(String text, int clipSkip, boolean isAbsent, List<WeightedLora> loras, PromptSyntax syntax) {

    public Prompt {
        loras = List.copyOf(loras);
    }

    public Prompt(String text, int clipSkip) {
        this(text, clipSkip, false, List.of(), PromptSyntax.PLAIN);
    }

    public static Prompt of(String text) {
        return new Prompt(text, 0);
    }

    public static Prompt absent(int clipSkip) {
        return new Prompt("", clipSkip, true, List.of(), PromptSyntax.PLAIN);
    }

    /** The same text for an encoder that LoRAs change. */
    public Prompt with(List<WeightedLora> changing) {
        return new Prompt(text, clipSkip, isAbsent, changing, syntax);
    }

    /** The same text by other rules. An absent prompt has no text to read. */
    public Prompt in(PromptSyntax other) {
        return isAbsent ? this : new Prompt(text, clipSkip, false, loras, other);
    }
}
