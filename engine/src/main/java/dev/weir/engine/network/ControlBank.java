package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.Steering;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The ControlNets and T2I-Adapters that a network has loaded, and what they add to the rows of a forward. The least recently used ones
 * are closed when there are too many. One device thread owns it.
 */
final class ControlBank implements AutoCloseable {

    /** Of nets that no row of the next forward needs: each takes a third of its UNet's memory. */
    private static final int MOST_SPARE = 3;

    private final RowSums residuals;
    private final RowSums features;
    private final Opener opener;
    /** The least recently used one first. */
    private final Map<ControlNet, SteeringNetwork> nets = new LinkedHashMap<>(16, 0.75f, true);

    /** Loads a ControlNet or T2I-Adapter. */
    interface Opener {

        /** Throws {@link ModelException} that names a file that cannot be read. */
        SteeringNetwork open(ControlNet net);
    }

    /**
     * @param residuals of what the network takes of ControlNets
     * @param features of what it takes of T2I-Adapters
     */
    ControlBank(ResidualShapes residuals, ResidualShapes features, Opener opener) {
        this.residuals = new RowSums(residuals);
        this.features = new RowSums(features);
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
        Iterator<Map.Entry<ControlNet, SteeringNetwork>> all = nets.entrySet().iterator();
        while (spare > MOST_SPARE) {
            var oldest = all.next();
            if (!kept.contains(oldest.getKey())) {
                oldest.getValue().close();
                all.remove();
                spare--;
            }
        }
    }

    /**
     * The further inputs of a forward that networks of some kinds steer: of each row what these add, and zeros where none does.
     *
     * @param rows whose nets are loaded
     */
    List<Feed> added(LatentShape sample, List<Row> rows, Steering steering) {
        List<Feed> feeds = new ArrayList<>();
        if (steering.hasNets()) {
            feeds.addAll(added(sample, rows, residuals, net -> !net.isT2iAdapter()));
        }
        if (steering.hasAdapters()) {
            feeds.addAll(added(sample, rows, features, ControlNet::isT2iAdapter));
        }
        return feeds;
    }

    private List<Feed> added(LatentShape sample, List<Row> rows, RowSums all, Predicate<ControlNet> isOfKind) {
        List<List<Control>> own = rows.stream()
                .map(row -> row.controls().stream()
                        .filter(control -> isOfKind.test(control.net()))
                        .toList())
                .toList();
        var sums = all.begin(
                sample, own.stream().map(controls -> !controls.isEmpty()).toList());
        Map<ControlNet, List<SteeringNetwork.Steered>> steered = new LinkedHashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            for (Control control : own.get(i)) {
                steered.computeIfAbsent(control.net(), net -> new ArrayList<>())
                        .add(new SteeringNetwork.Steered(
                                rows.get(i), control, sums.get(i).orElseThrow()));
            }
        }
        steered.forEach((net, itsRows) -> nets.get(net).add(sample, itsRows));
        return all.feeds(sample, sums);
    }

    @Override
    public void close() {
        nets.values().forEach(SteeringNetwork::close);
        nets.clear();
    }
}
