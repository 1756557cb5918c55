package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The ControlNets that a network has loaded, and what they add to the rows of a forward. The least recently used ones are closed when
 * there are too many. One device thread owns it.
 */
final class ControlBank implements AutoCloseable {

    /** Of nets that no row of the next forward needs: each takes a third of its UNet's memory. */
    private static final int MOST_SPARE = 3;

    private static final float[] ZEROS = new float[4096];

    private final ResidualShapes shapes;
    private final Opener opener;
    /** The least recently used one first. */
    private final Map<ControlNet, ControlNetwork> nets = new LinkedHashMap<>(16, 0.75f, true);
    /** Kept from forward to forward. */
    private final List<FloatBuffer> sums = new ArrayList<>();

    /** Loads a ControlNet. */
    interface Opener {

        /** Throws {@link ModelException} that names a file that cannot be read. */
        ControlNetwork open(ControlNet net);
    }

    /** @param shapes of what the network takes */
    ControlBank(ResidualShapes shapes, Opener opener) {
        this.shapes = shapes;
        this.opener = opener;
    }

    /**
     * Loads the nets of a row. Throws {@link ModelException} that names a file that cannot be read.
     *
     * @param needed by all rows of the next forward
     */
    void load(Collection<ControlNet> own, Collection<ControlNet> needed) {
        for (ControlNet net : own) {
            if (nets.get(net) == null) {
                nets.put(net, opener.open(net));
            }
        }
        Set<ControlNet> kept = Set.copyOf(needed);
        long spare = nets.keySet().stream().filter(net -> !kept.contains(net)).count();
        Iterator<Map.Entry<ControlNet, ControlNetwork>> all = nets.entrySet().iterator();
        while (spare > MOST_SPARE) {
            var oldest = all.next();
            if (!kept.contains(oldest.getKey())) {
                oldest.getValue().close();
                all.remove();
                spare--;
            }
        }
    }

    /** The further inputs of a forward: of each row what its nets add, and zeros where none does. */
    List<Feed> residuals(LatentShape sample, List<Row> rows) {
        Set<ControlNet> used = new LinkedHashSet<>();
        rows.forEach(row -> row.controls().forEach(control -> used.add(control.net())));
        load(used, used);
        List<Optional<FloatBuffer>> added = new ArrayList<>();
        int taken = 0;
        for (Row row : rows) {
            added.add(row.controls().isEmpty() ? Optional.empty() : Optional.of(zeros(taken++, shapes.size(sample))));
        }
        for (ControlNet net : used) {
            List<ControlNetwork.Steered> steered = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                for (Control control : rows.get(i).controls()) {
                    if (control.net().equals(net)) {
                        steered.add(new ControlNetwork.Steered(
                                rows.get(i), control, added.get(i).orElseThrow()));
                    }
                }
            }
            nets.get(net).add(sample, steered);
        }
        return feeds(sample, added);
    }

    private FloatBuffer zeros(int index, int size) {
        while (sums.size() <= index) {
            sums.add(FloatBuffer.allocate(0));
        }
        if (sums.get(index).capacity() < size) {
            sums.set(
                    index,
                    ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
                            .order(ByteOrder.nativeOrder())
                            .asFloatBuffer());
        }
        var sum = sums.get(index).clear().limit(size).slice();
        putZeros(sum.duplicate(), size);
        return sum;
    }

    private static void putZeros(FloatBuffer out, int count) {
        for (int left = count; left > 0; left -= ZEROS.length) {
            out.put(ZEROS, 0, Math.min(left, ZEROS.length));
        }
    }

    private List<Feed> feeds(LatentShape sample, List<Optional<FloatBuffer>> rows) {
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

    @Override
    public void close() {
        nets.values().forEach(ControlNetwork::close);
        nets.clear();
    }
}
