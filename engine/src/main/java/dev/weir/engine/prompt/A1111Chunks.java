package dev.weir.engine.prompt;

import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chunks of a prompt as stable-diffusion-webui makes them ({@code tokenize_line} of {@code sd_hijack_clip.py}): where a chunk is full
 * and a comma is among its last 20 tokens, what follows the comma goes into the next one. BREAK ends a chunk. Confined to the thread
 * that reads the prompt.
 */
final class A1111Chunks {

    /** The tool's setting {@code comma_padding_backtrack}. */
    private static final int BACKTRACK = 20;

    private final Tokenizer tokenizer;
    private final List<Map.Entry<long[], long[]>> embeddings;
    private final long comma;
    private final List<Chunk> chunks = new ArrayList<>();
    private Chunk chunk;
    private int lastComma = -1;

    A1111Chunks(Lexicon lexicon) {
        this.tokenizer = lexicon.tokenizer();
        this.embeddings = lexicon.spelled();
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
            add(tokenizer.words(fragment.text()), fragment.weight());
        }
        if (chunk.size() > 0 || chunks.isEmpty()) {
            close(chunk.next());
        }
        return chunks;
    }

    /** An embedding is where the ids of its name are. Its vectors are not split between chunks. */
    private void add(long[] ids, double weight) {
        for (int i = 0; i < ids.length; ) {
            int at = i;
            Optional<Map.Entry<long[], long[]>> embedding = embeddings.stream()
                    .filter(entry -> startsWith(ids, at, entry.getKey()))
                    .findFirst();
            makeRoom(ids[i]);
            if (embedding.isEmpty()) {
                chunk.add(ids[i], weight);
                i++;
                continue;
            }
            long[] vectors = embedding.get().getValue();
            if (vectors.length > chunk.left()) {
                close(chunk.next());
            }
            for (long vector : vectors) {
                chunk.add(vector, weight);
            }
            i += embedding.get().getKey().length;
        }
    }

    private static boolean startsWith(long[] ids, int from, long[] wanted) {
        return ids.length - from >= wanted.length
                && Arrays.equals(ids, from, from + wanted.length, wanted, 0, wanted.length);
    }

    private void makeRoom(long id) {
        if (id == comma) {
            lastComma = chunk.size();
        } else if (chunk.isFull() && lastComma >= 0 && chunk.size() - lastComma <= BACKTRACK) {
            close(chunk.cutAt(lastComma + 1));
        }
        if (chunk.isFull()) {
            close(chunk.next());
        }
    }

    private void close(Chunk next) {
        chunks.add(chunk);
        chunk = next;
        lastComma = -1;
    }
}
