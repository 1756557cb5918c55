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
import java.util.stream.Collectors;

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
    /** The statuses at the last look. */
    private List<NodeStatus> last = List.of();

    private long restsUntilNanos;

    /** @param address of this stage itself */
    Rebalancing(Stage stage, String address, LongSupplier nanoClock) {
        this.stage = stage;
        this.address = address;
        this.nanoClock = nanoClock;
        this.restsUntilNanos = nanoClock.getAsLong();
    }

    private Map<String, Edition> editions() {
        return stage.models().stream()
                .collect(Collectors.toMap(ModelStatus::getId, own -> new Edition(own.getFingerprintsMap())));
    }

    /** Of the models that it has in memory with the same weights as this stage: no sample continues with others. */
    private static Map<String, Double> rowSeconds(NodeStatus peer, Map<String, Edition> editions) {
        Map<String, Double> same = new HashMap<>(peer.getRowSecondsMap());
        for (ModelStatus model : peer.getModelsList()) {
            Edition own = editions.get(model.getId());
            if (own != null && (model.getUnloaded() || !own.fits(model.getFingerprintsMap()))) {
                same.remove(model.getId());
            }
        }
        return same;
    }

    /**
     * Call it every {@link #LOOK_MS}.
     *
     * @param holds whether this stage has samples at all
     */
    List<Move> look(List<NodeStatus> alive, boolean holds) {
        List<NodeStatus> before = last;
        last = alive;
        long nowNanos = nanoClock.getAsLong();
        if (!holds || nowNanos - restsUntilNanos < 0) {
            return List.of();
        }
        List<Peer> peers = peers(before, alive);
        List<Move> moves = peers.isEmpty() ? List.of() : stage.moves(peers);
        if (!moves.isEmpty()) {
            restsUntilNanos = nowNanos + REST.toNanos();
        }
        return moves;
    }

    private List<Peer> peers(List<NodeStatus> before, List<NodeStatus> alive) {
        Map<String, NodeStatus> earlier = new HashMap<>();
        before.forEach(node -> earlier.put(node.getAddress(), node));
        Map<String, Edition> editions = editions();
        List<Peer> peers = new ArrayList<>();
        for (NodeStatus now : alive) {
            NodeStatus first = earlier.get(now.getAddress());
            if (now.getStage() == stage.kind()
                    && !now.getAddress().equals(address)
                    && !now.getDraining()
                    && first != null
                    && now.getSequence() > first.getSequence()) {
                peers.add(new Peer(
                        now.getAddress(),
                        Math.max(first.getRoundSeconds(), now.getRoundSeconds()),
                        Math.max(first.getRows(), now.getRows()),
                        rowSeconds(now, editions),
                        Math.min(first.getFreeCredits(), now.getFreeCredits())));
            }
        }
        return peers;
    }
}
