package dev.weir.serving.plan;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;

/**
 * What rows must have in common to share a forward pass.
 *
 * @param sample shape of their samples
 * @param inputs shapes of what the network takes besides, without the lengths of prompts
 * @param length of the longest prompt that a row has at any step, as {@link #length} tells it
 */
public record BatchKey(String model, LatentShape sample, Signature inputs, int length) {

    /** Two chunks of CLIP. */
    private static final int SHORT = 154;

    /** Of rows with short prompts. */
    public BatchKey(String model, LatentShape sample, Signature inputs) {
        this(model, sample, inputs, 0);
    }

    /**
     * A forward pass pads all prompts to its longest one, and each row pays for the padding, while one more forward pass of the same rows
     * costs little ({@code bench lengths}). So rows share a forward pass if no prompt is padded to more than twice its length, or to
     * more than two chunks.
     *
     * @return 0 for up to two chunks, 1 for up to 4, 2 for up to 8 and so on
     */
    public static int length(int tokens) {
        int length = 0;
        for (long most = SHORT; tokens > most; most *= 2) {
            length++;
        }
        return length;
    }
}
