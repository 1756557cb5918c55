package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Demand;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.GatewayStatus;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import dev.weir.runtime.route.LeaseTable;
import dev.weir.runtime.route.StatusDirectory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The live gateways, by leases like those of stages, including this one. A gateway is considered dead only when no live
 * gateway receives its heartbeats. A gateway that receives none at all, or only since a moment ago, declares nobody
 * dead, because it may be partitioned itself. A gateway that stood still for so long that others may have adopted its
 * jobs continues under a new name, so that it owns nothing. It is not {@link #settled} until another gateway has
 * received that name and shares its view of the cluster's memory. Event loop of the gateway.
 */
final class Gateways {

    private static final Logger log = LoggerFactory.getLogger(Gateways.class);
    private static final long PUBLISH_MS = 500;
    private static final long TICK_MS = 100;
    private static final long LEASE_MS = StatusDirectory.LEASE.toMillis();
    /** The others wait for a lease. The last status may have been sent up to one publication before the standstill. */
    private static final long SLEPT_NANOS =
            StatusDirectory.LEASE.minusMillis(PUBLISH_MS).toNanos();
    /** A gateway that has just started, or received nothing until now, has not heard from all others yet. */
    private static final long ACQUAINTED_NANOS =
            StatusDirectory.LEASE.plusMillis(500).toNanos();

    /**
     * A member that stood still for too long is alone at first, with a copy of the memory that nobody else sees, and
     * rejoins within about 20 s. A gateway that receives nothing for longer has no other gateway.
     */
    private static final Duration ALONE = Duration.ofSeconds(40);

    private final NodeContext node;
    private final LongSupplier nanoClock;
    private final LeaseTable<GatewayStatus> table;
    private final IsolationDetector isolation;
    /** Not received here, and not reported as dead yet. */
    private final Set<String> missing = new HashSet<>();

    private final List<Consumer<String>> onLost = new ArrayList<>();
    private final List<Runnable> onOverslept = new ArrayList<>();
    private Supplier<List<Demand>> own = List::of;
    private Inbox inbox;
    private int life = 1;
    private long sequence;
    private long tickedNanos;
    private long acquaintedNanos;
    private long wokeNanos;
    private boolean heard;
    private boolean settled = true;
    private boolean gone;

    Gateways(NodeContext node, LongSupplier nanoClock) {
        this.node = node;
        this.nanoClock = nanoClock;
        this.table = new LeaseTable<>(
                new LeaseTable.Reading<>(
                        GatewayStatus::getName,
                        GatewayStatus::getSequence,
                        GatewayStatus::getGone,
                        GatewayStatus::getMember),
                StatusDirectory.LEASE.toNanos(),
                nanoClock,
                node.memory()::isMember);
        this.isolation =
                new IsolationDetector(() -> hearsAnybody() && !node.memory().isAlone(), ALONE, nanoClock);
    }

    /** Completes when statuses of others can arrive. */
    Future<Void> start() {
        tickedNanos = nanoClock.getAsLong();
        acquaintedNanos = tickedNanos + ACQUAINTED_NANOS;
        node.loop().every(TICK_MS, this::tick);
        node.loop().here().execute(this::publish);
        node.loop().every(PUBLISH_MS, this::publish);
        node.directory().onLost(stage -> isolation.left(stage.getGone()));
        return node.courier()
                .listen(Addresses.GATEWAYS, this::receive)
                .onSuccess(opened -> inbox = opened)
                .mapEmpty();
    }

    /** The owner name of this gateway's jobs. */
    String self() {
        return node.nodeId() + "." + life;
    }

    boolean isSelf(String owner) {
        return owner.equals(self());
    }

    boolean isAlive(String owner) {
        return isSelf(owner)
                || table.alive().stream()
                        .anyMatch(status -> status.getName().equals(owner)
                                || status.getSeesList().contains(owner));
    }

    /** The address of another gateway. */
    Optional<String> address(String owner) {
        return table.alive().stream()
                .filter(status -> status.getName().equals(owner))
                .map(GatewayStatus::getAddress)
                .findFirst();
    }

    /** The names of the others. */
    List<String> others() {
        return table.alive().stream().map(GatewayStatus::getName).toList();
    }

    /** What the samples of the others still need. */
    List<Demand> demandsOfOthers() {
        return table.alive().stream()
                .flatMap(status -> status.getSamplesList().stream())
                .map(Demand::of)
                .toList();
    }

    /** @param demands what the samples of this gateway still need, to be told to the others */
    void tell(Supplier<List<Demand>> demands) {
        own = demands;
    }

    /** Whether a gateway without a status may be considered dead. */
    boolean acquainted() {
        return settled && !gone && nanoClock.getAsLong() - acquaintedNanos >= 0 && hearsAnybody();
    }

    /** Gateways or stages. Without stages it could do nothing for the jobs of others. */
    private boolean hearsAnybody() {
        return !table.isEmpty() || !node.directory().alive().isEmpty();
    }

    /** Whether the cluster's memory that this gateway sees is the one that the others see. */
    boolean settled() {
        return settled;
    }

    /** Whether this gateway may be partitioned from all others, so that nobody else would see what it records. */
    boolean isCutOff() {
        return isolation.isLost();
    }

    /** When it last looked at the clock. */
    long tickedNanos() {
        return tickedNanos;
    }

    /** Called with the name of each gateway that is dead here and elsewhere, or that said goodbye. */
    void onLost(Consumer<String> listener) {
        onLost.add(listener);
    }

    /** Called when this gateway no longer owns anything in the ledger. */
    void onOverslept(Runnable listener) {
        onOverslept.add(listener);
    }

    /**
     * Call it before anything is reported in the name of an owner. A gateway that has just stood still notices it here.
     */
    void checkAwake() {
        long now = nanoClock.getAsLong();
        long sleptNanos = now - tickedNanos;
        tickedNanos = now;
        if (sleptNanos < SLEPT_NANOS || table.isEmpty()) {
            return;
        }
        life++;
        settled = false;
        wokeNanos = now;
        acquaintedNanos = now + ACQUAINTED_NANOS;
        log.warn(
                "Stood still for {} ms. Others may own its jobs, so it continues as {}",
                Duration.ofNanos(sleptNanos).toMillis(),
                self());
        onOverslept.forEach(Runnable::run);
        publish();
    }

    private void tick() {
        checkAwake();
        table.sweep().forEach(this::miss);
        boolean hears = hearsAnybody();
        if (hears && !heard) {
            acquaintedNanos = nanoClock.getAsLong() + ACQUAINTED_NANOS;
        }
        heard = hears;
        tellLost();
        isolation.look();
        if (!settled && table.isEmpty() && nanoClock.getAsLong() - wokeNanos >= ALONE.toNanos()) {
            log.warn("No other gateway has been heard since the standstill. {} continues alone", self());
            settled = true;
        }
    }

    private void miss(GatewayStatus last) {
        missing.add(last.getName());
        isolation.left(last.getGone());
        publish(); // The others wait for its confirmation that it does not receive the gateway either.
    }

    private void tellLost() {
        if (missing.isEmpty() || !acquainted()) {
            return;
        }
        for (String name : List.copyOf(missing)) {
            if (!isAlive(name)) {
                missing.remove(name);
                log.warn("The gateway {} has left, or sent no status for {} ms", name, LEASE_MS);
                onLost.forEach(listener -> listener.accept(name));
            }
        }
    }

    private void publish() {
        if (!gone) {
            node.courier().publish(Addresses.GATEWAYS, Parcel.of(status(false)));
        }
    }

    private GatewayStatus status(boolean goodbye) {
        return GatewayStatus.newBuilder()
                .setName(self())
                .setAddress(Addresses.gateway(node.nodeId()))
                .setSequence(++sequence)
                .setGone(goodbye)
                .setMember(node.memory().member())
                .setMemoryView(node.memory().view())
                .addAllSees(others())
                .addAllSamples(own.get().stream().map(Demand::toProto).toList())
                .build();
    }

    private void receive(Delivery delivery) {
        GatewayStatus status = delivery.parcel().header().getGateway();
        if (!delivery.parcel().header().hasGateway() || status.getAddress().equals(Addresses.gateway(node.nodeId()))) {
            return;
        }
        if (!table.admits(status)) {
            return;
        }
        missing.remove(status.getName());
        table.hear(status).ifPresent(this::miss);
        if (!settled
                && status.getSeesList().contains(self())
                && status.getMemoryView().equals(node.memory().view())) {
            settled = true;
            log.info("{} shares the cluster's memory again", self());
        }
    }

    /** Tells the others that they may adopt its jobs, and publishes nothing more. */
    void leave() {
        if (!gone) {
            gone = true;
            node.courier().publish(Addresses.GATEWAYS, Parcel.of(status(true)));
        }
    }

    /** One turn after its goodbye, which also arrives here and would otherwise find no handler. */
    Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        node.loop().here().execute(() -> inbox.close().onComplete(closed));
        return closed.future();
    }
}
