package dev.weir.engine.prompt;

import dev.weir.engine.tokenizer.Marks;
import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The words of a prompt that one row holds, with their weights. Mutable; confined to the thread that reads the prompt.
 *
 * <p>It has room for the family's length without the two special tokens: 75 for CLIP.
 */
final class Chunk {

    private final Marks marks;
    private final int room;
    private final List<Long> ids = new ArrayList<>();
    private final List<Double> weights = new ArrayList<>();

    Chunk(Tokenizer tokenizer) {
        this(tokenizer.marks(), tokenizer.length() - 2);
    }

    private Chunk(Marks marks, int room) {
        this.marks = marks;
        this.room = room;
    }

    /** An empty one of the same tokenizer. */
    Chunk next() {
        return new Chunk(marks, room);
    }

    void add(long id, double weight) {
        ids.add(id);
        weights.add(weight);
    }

    int size() {
        return ids.size();
    }

    int left() {
        return room - ids.size();
    }

    boolean isFull() {
        return left() == 0;
    }

    /** Takes out the words from a position on. */
    Chunk cutAt(int from) {
        Chunk rest = next();
        rest.ids.addAll(ids.subList(from, ids.size()));
        rest.weights.addAll(weights.subList(from, weights.size()));
        ids.subList(from, ids.size()).clear();
        weights.subList(from, weights.size()).clear();
        return rest;
    }

    /** Between the special tokens, and padded where the family pads. */
    TokenRow row() {
        return row(new BitSet());
    }

    TokenRow row(BitSet hidden) {
        long[] row = new long[marks.pad().isPresent() ? room + 2 : ids.size() + 2];
        Arrays.fill(row, marks.pad().orElse(marks.end()));
        row[0] = marks.start();
        for (int i = 0; i < ids.size(); i++) {
            row[i + 1] = ids.get(i);
        }
        row[ids.size() + 1] = marks.end();
        return new TokenRow(row, ids.size() + 1, hidden, ids.size() + 2);
    }

    /** The weight of each token of the row: 1 for those that are no words. */
    double[] weights() {
        double[] all = new double[row().ids().length];
        Arrays.fill(all, 1);
        for (int i = 0; i < weights.size(); i++) {
            all[i + 1] = weights.get(i);
        }
        return all;
    }

    boolean isWeighted() {
        return weights.stream().anyMatch(weight -> weight != 1);
    }
}
