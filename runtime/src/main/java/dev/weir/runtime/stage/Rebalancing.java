package dev.weir.runtime.stage;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.route.Edition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Decides when a stage checks whether other nodes have less work. A node counts with the larger of its last two
 * statuses, so neither a short pause nor a silent node attracts work. After a stage has given something away, it rests
 * until the statuses include the change. The {@link Stage} decides which sample goes where. Event loop of its stage
 * node.
 */
final class Rebalancing {

    static final long LOOK_MS = 600;

    private static final Duration REST = Duration.ofSeconds(3);

    private final Stage stage;
    private final String address;
    private final LongSupplier nanoClock;
    private Map<String, NodeStatus> last = Map.of();
    private long restsUntilNanos;

    /** @param address of this stage itself */
    Rebalancing(Stage stage, String address, LongSupplier nanoClock) {
        this.stage = stage;
        this.address = address;
        this.nanoClock = nanoClock;
        this.restsUntilNanos = nanoClock.getAsLong();
    }

    /** Of the models that it has in memory with the same weights as this stage: no sample continues with others. */
    private Map<String, Double> rowSeconds(NodeStatus peer) {
        Map<String, Double> same = new HashMap<>(peer.getRowSecondsMap());
        for (ModelStatus own : stage.models()) {
            Edition edition = new Edition(own.getFingerprintsMap());
            if (peer.getModelsList().stream()
                    .anyMatch(other -> other.getId().equals(own.getId())
                            && (other.getUnloaded() || !edition.fits(other.getFingerprintsMap())))) {
                same.remove(own.getId());
            }
        }
        return same;
    }

    /** Call it every {@link #LOOK_MS}. */
    List<Move> look(List<NodeStatus> alive) {
        Map<String, NodeStatus> others = new HashMap<>();
        alive.stream()
                .filter(node ->
                        node.getStage() == stage.kind() && !node.getAddress().equals(address))
                .forEach(node -> others.put(node.getAddress(), node));
        List<Peer> peers = new ArrayList<>();
        others.forEach((name, now) -> {
            NodeStatus before = last.get(name);
            if (before != null && now.getSequence() > before.getSequence() && !now.getDraining()) {
                peers.add(new Peer(
                        name,
                        Math.max(before.getRoundSeconds(), now.getRoundSeconds()),
                        Math.max(before.getRows(), now.getRows()),
                        rowSeconds(now),
                        Math.min(before.getFreeCredits(), now.getFreeCredits())));
            }
        });
        last = others;
        long nowNanos = nanoClock.getAsLong();
        if (peers.isEmpty() || nowNanos - restsUntilNanos < 0) {
            return List.of();
        }
        List<Move> moves = stage.moves(peers);
        if (!moves.isEmpty()) {
            restsUntilNanos = nowNanos + REST.toNanos();
        }
        return moves;
    }
}
