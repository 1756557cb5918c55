package dev.weir.engine;

/**
 * A text to encode.
 *
 * @param clipSkip how many of the text encoder's last layers are left out, beyond those that the model leaves out itself
 * @param isAbsent whether a request gave no text; most models read the empty one instead
 */
public record Prompt(String text, int clipSkip, boolean isAbsent) {

    public Prompt(String text, int clipSkip) {
        this(text, clipSkip, false);
    }

    public static Prompt of(String text) {
        return new Prompt(text, 0);
    }

    public static Prompt absent(int clipSkip) {
        return new Prompt("", clipSkip, true);
    }
}
