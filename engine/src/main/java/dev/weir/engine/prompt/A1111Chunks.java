package dev.weir.engine.prompt;

import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * The chunks of a prompt as stable-diffusion-webui makes them ({@code tokenize_line} of {@code sd_hijack_clip.py}): where a chunk is full
 * and a comma is among its last 20 tokens, what follows the comma goes into the next one. BREAK ends a chunk. Confined to the thread
 * that reads the prompt.
 */
final class A1111Chunks {

    /** The tool's setting {@code comma_padding_backtrack}. */
    private static final int BACKTRACK = 20;

    private final Tokenizer tokenizer;
    private final long comma;
    private final List<Chunk> chunks = new ArrayList<>();
    private Chunk chunk;
    private int lastComma = -1;

    A1111Chunks(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        long[] commas = tokenizer.words(",");
        this.comma = commas.length == 1 ? commas[0] : -1;
        this.chunk = new Chunk(tokenizer);
    }

    List<Chunk> of(List<Fragment> fragments) {
        for (Fragment fragment : fragments) {
            if (fragment.isBreak()) {
                close(chunk.next());
                continue;
            }
            for (long id : tokenizer.words(fragment.text())) {
                add(id, fragment.weight());
            }
        }
        if (chunk.size() > 0 || chunks.isEmpty()) {
            close(chunk.next());
        }
        return chunks;
    }

    private void add(long id, double weight) {
        if (id == comma) {
            lastComma = chunk.size();
        } else if (chunk.isFull() && lastComma >= 0 && chunk.size() - lastComma <= BACKTRACK) {
            close(chunk.cutAt(lastComma + 1));
        }
        if (chunk.isFull()) {
            close(chunk.next());
        }
        chunk.add(id, weight);
    }

    private void close(Chunk next) {
        chunks.add(chunk);
        chunk = next;
        lastComma = -1;
    }
}
