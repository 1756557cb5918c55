package dev.weir.engine.adapter;

import com.sun.jna.Memory;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.graph.Method;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * The factors of one layer for each entry of a bank, padded with zeros to the largest rank. Its size does not change. One device
 * thread owns it. Its memory is not the JVM's own, whose limit is small beside the weights of networks; it is freed when nothing
 * refers to it any more.
 */
final class LayerBank {

    private final int in;
    private final int out;
    private final int rank;
    /** Of each entry; 0 where it does not change the layer. */
    private final int[] ranks;

    private final ByteBuffer down;
    private final ByteBuffer up;

    /** @param zeros gives so many bytes */
    LayerBank(int in, int out, int entries, int rank, LongFunction<ByteBuffer> zeros) {
        this.in = in;
        this.out = out;
        this.rank = rank;
        this.ranks = new int[entries];
        this.down = zeros.apply(bytes(entries, rank, in));
        this.up = zeros.apply(bytes(entries, rank, out));
    }

    /** Throws OutOfMemoryError if there are not so many bytes, or more than a buffer has. */
    static ByteBuffer zeros(long bytes) {
        if (bytes > Integer.MAX_VALUE) {
            throw new OutOfMemoryError("the LoRAs of a forward need %d bytes for one layer".formatted(bytes));
        }
        var memory = new Memory(bytes);
        memory.clear();
        return memory.getByteBuffer(0, bytes);
    }

    private static long bytes(int entries, int rank, int width) {
        return Math.multiplyExact(
                Math.multiplyExact((long) entries, rank), Math.multiplyExact((long) width, Float.BYTES));
    }

    long bytes() {
        return bytes(ranks.length, rank);
    }

    /** What another one of this layer takes. */
    long bytes(int newEntries, int newRank) {
        return bytes(newEntries, newRank, in) + bytes(newEntries, newRank, out);
    }

    int rank() {
        return rank;
    }

    /**
     * The rank that some entries and a change need.
     *
     * @param change null: none
     */
    int rank(List<Integer> entries, LowRank change) {
        int needed = change == null ? 1 : change.rank();
        for (int entry : entries) {
            needed = Math.max(needed, ranks[entry]);
        }
        return needed;
    }

    /** Another one with some of the entries, which follow the entry that changes nothing. */
    LayerBank resized(List<Integer> entries, int newEntries, int newRank, LongFunction<ByteBuffer> zeros) {
        var resized = new LayerBank(in, out, newEntries, newRank, zeros);
        for (int i = 0; i < entries.size(); i++) {
            int from = entries.get(i);
            int to = Bank.NOTHING + 1 + i;
            resized.ranks[to] = ranks[from];
            resized.copy(to, this, from, in, down, resized.down);
            resized.copy(to, this, from, out, up, resized.up);
        }
        return resized;
    }

    private void copy(int to, LayerBank other, int from, int width, ByteBuffer source, ByteBuffer target) {
        int row = width * Float.BYTES;
        target.put(to * rank * row, source, from * other.rank * row, ranks[to] * row);
    }

    /** @param change of no larger rank; null: the entry does not change this layer */
    void put(int entry, LowRank change) {
        ranks[entry] = change == null ? 0 : change.rank();
        write(down, entry, in, change == null ? new float[0] : change.down());
        write(up, entry, out, change == null ? new float[0] : change.up());
    }

    private void write(ByteBuffer bank, int entry, int width, float[] values) {
        var own = bank.duplicate()
                .order(bank.order())
                .position(entry * rank * width * Float.BYTES)
                .slice()
                .order(bank.order())
                .asFloatBuffer();
        own.put(values);
        for (int i = values.length; i < rank * width; i++) {
            own.put(0);
        }
    }

    void addTo(Map<String, Kept> inputs, String layer) {
        inputs.put(Method.down(layer), new Kept(down, new long[] {ranks.length, rank, in}));
        inputs.put(Method.up(layer), new Kept(up, new long[] {ranks.length, rank, out}));
    }
}
