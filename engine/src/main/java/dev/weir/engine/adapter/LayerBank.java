package dev.weir.engine.adapter;

import com.sun.jna.Memory;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.graph.Method;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * The factors of one layer for each entry of a bank, padded with zeros to the largest rank. One device thread owns it. Its memory is
 * not the JVM's own, whose limit is small beside the weights of networks; it is freed when nothing refers to it any more.
 */
final class LayerBank {

    private final int in;
    private final int out;
    private int entries = 1;
    private int rank = 1;
    private ByteBuffer down;
    private ByteBuffer up;

    LayerBank(int in, int out) {
        this.in = in;
        this.out = out;
        this.down = zeros(entries, rank, in);
        this.up = zeros(entries, rank, out);
    }

    private static ByteBuffer zeros(int entries, int rank, int width) {
        var memory = new Memory(Math.multiplyExact(
                Math.multiplyExact((long) entries, rank), Math.multiplyExact((long) width, Float.BYTES)));
        memory.clear();
        return memory.getByteBuffer(0, memory.size());
    }

    long bytes() {
        return (long) down.capacity() + up.capacity();
    }

    void grow(int newEntries) {
        resize(newEntries, rank);
    }

    private void resize(int newEntries, int newRank) {
        down = resized(down, in, newEntries, newRank);
        up = resized(up, out, newEntries, newRank);
        entries = newEntries;
        rank = newRank;
    }

    private ByteBuffer resized(ByteBuffer old, int width, int newEntries, int newRank) {
        var grown = zeros(newEntries, newRank, width);
        int row = width * Float.BYTES;
        for (int entry = 0; entry < entries; entry++) {
            grown.put(entry * newRank * row, old, entry * rank * row, rank * row);
        }
        return grown;
    }

    /** @param change null: the entry does not change this layer */
    void put(int entry, LowRank change) {
        if (change != null && change.rank() > rank) {
            resize(entries, change.rank());
        }
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
        inputs.put(Method.down(layer), new Kept(down, new long[] {entries, rank, in}));
        inputs.put(Method.up(layer), new Kept(up, new long[] {entries, rank, out}));
    }
}
