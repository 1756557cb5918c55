package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is added to the rows of a forward at some images of a network. The memory is kept from forward to forward. One device thread owns it. */
final class RowSums {

    private static final float[] ZEROS = new float[4096];

    private final ResidualShapes shapes;
    private final List<FloatBuffer> kept = new ArrayList<>();

    RowSums(ResidualShapes shapes) {
        this.shapes = shapes;
    }

    /** Zeros for each row to which something is added: all results of a row, one after the other. */
    List<Optional<FloatBuffer>> begin(LatentShape sample, List<Boolean> isAdded) {
        List<Optional<FloatBuffer>> sums = new ArrayList<>();
        int taken = 0;
        for (boolean isOwn : isAdded) {
            sums.add(isOwn ? Optional.of(zeros(taken++, shapes.size(sample))) : Optional.empty());
        }
        return sums;
    }

    private FloatBuffer zeros(int index, int size) {
        while (kept.size() <= index) {
            kept.add(FloatBuffer.allocate(0));
        }
        if (kept.get(index).capacity() < size) {
            kept.set(
                    index,
                    ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
                            .order(ByteOrder.nativeOrder())
                            .asFloatBuffer());
        }
        var sum = kept.get(index).clear().limit(size).slice();
        putZeros(sum.duplicate(), size);
        return sum;
    }

    private static void putZeros(FloatBuffer out, int count) {
        for (int left = count; left > 0; left -= ZEROS.length) {
            out.put(ZEROS, 0, Math.min(left, ZEROS.length));
        }
    }

    /** The inputs of a forward, one for each image; zeros for rows that have no sum. */
    List<Feed> feeds(LatentShape sample, List<Optional<FloatBuffer>> rows) {
        List<Feed> feeds = new ArrayList<>();
        int begin = 0;
        for (int i = 0; i < shapes.count(); i++) {
            var shape = shapes.of(i, sample);
            int at = begin;
            feeds.add(Feed.floats(
                    bytes -> fill(bytes.asFloatBuffer(), rows, at, shape.size()),
                    rows.size(),
                    shape.channels(),
                    shape.height(),
                    shape.width()));
            begin += shape.size();
        }
        return feeds;
    }

    private static void fill(FloatBuffer out, List<Optional<FloatBuffer>> rows, int at, int size) {
        for (var row : rows) {
            if (row.isPresent()) {
                out.put(row.get().slice(at, size));
            } else {
                putZeros(out, size);
            }
        }
    }
}
