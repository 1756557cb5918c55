package dev.weir.textencoder;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.function.Function;

/**
 * How much the texts of one sample may take. This bounds the time of a turn, the memory of what is held, and the size of messages.
 * Stateless; any thread.
 */
final class TextBounds {

    /** Of the networks, all texts together. */
    static final int MOST_ROWS = 128;

    /** A message has at most 64 MiB, with the pictures of the request. */
    static final int MOST_STATES_BYTES = 24 << 20;

    private TextBounds() {}

    /**
     * @param size throws an IllegalArgumentException that says why a prompt cannot be read in its syntax
     * @throws IllegalArgumentException the same, or that the texts take too much
     */
    static void check(Wording wording, Function<Prompt, PromptSize> size) {
        Map<Prompt, PromptSize> sizes = new HashMap<>();
        for (Prompt prompt : new LinkedHashSet<>(wording.all())) {
            sizes.put(prompt, size.apply(prompt));
        }
        int texts = wording.prompts().size();
        int rows = sizes.values().stream().mapToInt(PromptSize::rows).sum();
        if (rows > MOST_ROWS) {
            throw new IllegalArgumentException(
                    ("the prompt and the negative prompt have %d %s with %d chunks to encode, and at most %d "
                                    + "are allowed: use shorter or fewer texts")
                            .formatted(texts, texts == 1 ? "text" : "texts", rows, MOST_ROWS));
        }
        long bytes = Float.BYTES * wording.numbers(sizes);
        if (bytes > MOST_STATES_BYTES) {
            throw new IllegalArgumentException(
                    ("the prompt and the negative prompt have %d %s whose states take %.1f MiB in this "
                                    + "model, and at most %d MiB are allowed: use shorter or fewer texts")
                            .formatted(
                                    texts,
                                    texts == 1 ? "text" : "texts",
                                    bytes / (double) (1 << 20),
                                    MOST_STATES_BYTES >> 20));
        }
    }
}
