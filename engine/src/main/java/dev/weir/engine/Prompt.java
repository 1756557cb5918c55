package dev.weir.engine;

/**
 * A text to encode.
 *
 * @param clipSkip how many of the text encoder's last layers are left out, beyond those that the model leaves out itself
 */
public record Prompt(String text, int clipSkip) {

    public static Prompt of(String text) {
        return new Prompt(text, 0);
    }
}
