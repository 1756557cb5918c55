package dev.weir.engine.prompt;

import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The chunks of a prompt as ComfyUI makes them ({@code tokenize_with_weights} of {@code sd1_clip.py}): a fragment of 8 tokens or more is
 * split where a chunk is full, and a shorter one goes into the next chunk whole. Confined to the thread that reads the prompt.
 */
final class ComfyChunks {

    /** The tool's {@code max_word_length}. */
    private static final int LARGE = 8;

    private final Tokenizer tokenizer;
    private final List<Chunk> chunks = new ArrayList<>();
    private Chunk chunk;

    ComfyChunks(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.chunk = new Chunk(tokenizer);
        chunks.add(chunk);
    }

    List<Chunk> of(List<Fragment> fragments) {
        fragments.forEach(fragment -> add(tokenizer.words(fragment.text()), fragment.weight()));
        return chunks;
    }

    private void add(long[] group, double weight) {
        boolean isLarge = group.length >= LARGE;
        long[] left = group;
        while (left.length > chunk.left()) {
            int taken = isLarge ? chunk.left() : 0;
            put(Arrays.copyOf(left, taken), weight);
            left = Arrays.copyOfRange(left, taken, left.length);
            chunk = chunk.next();
            chunks.add(chunk);
        }
        put(left, weight);
    }

    private void put(long[] ids, double weight) {
        for (long id : ids) {
            chunk.add(id, weight);
        }
    }
}
