package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lease table on the bus. Its own event loop owns the table; other threads read a snapshot. */
public final class StatusDirectory implements NodeDirectory {

    /** Five lost status messages do not end a lease. */
    public static final Duration LEASE = Duration.ofMillis(2500);

    static final LeaseTable.Reading<NodeStatus> READING = new LeaseTable.Reading<>(
            NodeStatus::getAddress, NodeStatus::getSequence, NodeStatus::getGone, NodeStatus::getMember);

    private static final Logger log = LoggerFactory.getLogger(StatusDirectory.class);
    private static final long SWEEP_MS = 100;

    private final Loop loop;
    private final Executor context;
    private final LeaseTable<NodeStatus> table;
    private final List<Consumer<NodeStatus>> lostListeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<NodeStatus>> heardListeners = new ArrayList<>();
    private volatile List<NodeStatus> alive = List.of();

    /** @param isMember whether a node with that name is in the cluster */
    public StatusDirectory(Loop loop, Predicate<String> isMember) {
        this.loop = loop;
        this.table = new LeaseTable<>(READING, LEASE.toNanos(), loop::nanos, isMember);
        this.context = loop.here();
    }

    /** Completes when statuses can arrive. */
    public Future<Void> start(Courier courier) {
        Promise<Void> started = Promise.promise();
        context.execute(() -> {
            loop.every(SWEEP_MS, this::sweep);
            courier.listen(Addresses.STATUS, this::receive).<Void>mapEmpty().onComplete(started);
        });
        return started.future();
    }

    @Override
    public List<NodeStatus> alive() {
        return alive;
    }

    @Override
    public void onLost(Consumer<NodeStatus> listener) {
        Executor caller = loop.here();
        lostListeners.add(status -> caller.execute(() -> listener.accept(status)));
    }

    /** The event loop of this directory, for callers that want to see every status on it. */
    Executor context() {
        return context;
    }

    /** Called on this directory's event loop. Set it before {@link #start}. */
    void onHeard(Consumer<NodeStatus> listener) {
        heardListeners.add(listener);
    }

    private void receive(Delivery delivery) {
        if (!delivery.parcel().header().hasStatus()) {
            return;
        }
        NodeStatus status = delivery.parcel().header().getStatus();
        if (!table.admits(status)) {
            return;
        }
        Optional<NodeStatus> gone = table.hear(status);
        alive = table.alive();
        gone.ifPresent(this::tellLost);
        heardListeners.forEach(listener -> listener.accept(status));
    }

    private void sweep() {
        List<NodeStatus> lapsed = table.sweep();
        if (!lapsed.isEmpty()) {
            alive = table.alive();
            lapsed.forEach(status -> {
                log.warn("{} has left, or sent no status for {} ms", status.getAddress(), LEASE.toMillis());
                tellLost(status);
            });
        }
    }

    private void tellLost(NodeStatus status) {
        lostListeners.forEach(listener -> listener.accept(status));
    }
}
