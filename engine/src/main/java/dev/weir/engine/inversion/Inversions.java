package dev.weir.engine.inversion;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The embeddings of a model for one of its text encoders: rows behind its table of words, whose numbers are the ids. Immutable.
 *
 * @param part the encoder's folder
 * @param words how many its table has
 */
public record Inversions(String part, int words, List<Embedding> embeddings) {

    private static final String VOCABULARY = "vocab_size";

    public Inversions {
        embeddings = List.copyOf(embeddings);
    }

    public static Inversions of(String part, JsonNode config, Collection<Embedding> embeddings) {
        return new Inversions(part, config.path(VOCABULARY).asInt(), List.copyOf(embeddings));
    }

    public boolean isEmpty() {
        return embeddings.isEmpty();
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
        return words + rows().size();
    }

    private List<float[]> rows() {
        List<float[]> rows = new ArrayList<>();
        embeddings.forEach(embedding -> rows.addAll(embedding.vectors().get(part)));
        return rows;
    }

    /** The encoder's configuration with as many words more. */
    public JsonNode extended(JsonNode config) {
        ObjectNode copy = config.deepCopy();
        return copy.put(VOCABULARY, all());
    }

    public Weights extended(Weights weights) {
        return new ExtendedTable(weights, rows());
    }
}
