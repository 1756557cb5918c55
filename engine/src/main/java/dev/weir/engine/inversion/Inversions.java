package dev.weir.engine.inversion;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The embeddings of a model for one of its text encoders: words whose ids follow those of its table. Immutable.
 *
 * @param part the encoder's folder
 * @param words how many its table has
 */
public record Inversions(String part, int words, List<Embedding> embeddings) {

    /** Of a text encoder without embeddings. */
    public static final Inversions NONE = new Inversions("", 0, List.of());

    public Inversions {
        embeddings = List.copyOf(embeddings);
    }

    public boolean isEmpty() {
        return embeddings.isEmpty();
    }

    /** The vectors of all embeddings, by their ids less those of the words. */
    public List<float[]> vectors() {
        List<float[]> rows = new ArrayList<>();
        embeddings.forEach(embedding -> rows.addAll(embedding.vectors().get(part)));
        return rows;
    }

    /** The ids of each embedding's vectors. */
    public Map<Embedding, long[]> ids() {
        Map<Embedding, long[]> all = new LinkedHashMap<>();
        long next = words;
        for (Embedding embedding : embeddings) {
            long[] ids = new long[embedding.size()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = next++;
            }
            all.put(embedding, ids);
        }
        return all;
    }

    /** How many words there are with the embeddings'. */
    public int all() {
        return words + embeddings.stream().mapToInt(Embedding::size).sum();
    }
}
