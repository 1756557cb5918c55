package dev.weir.gateway;

import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.UserRules;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The gateway's side of the job protocol: its jobs, the ledger, and the messages of stages and of other gateways. It has
 * no thread and no HTTP: it runs on the event loop that created it, in production and in simulations.
 */
public final class GatewayProtocol {

    private static final Duration HAND_OVER = Duration.ofSeconds(1);

    private final NodeContext node;
    private final String address;
    private final Jobs jobs;
    private final JobLedger ledger;
    private Inbox inbox;

    public GatewayProtocol(
            NodeContext node, GatewayConfig config, ModelCatalog catalog, ImageMemory images, UserRules rules) {
        this.node = node;
        this.address = Addresses.gateway(node.nodeId());
        this.jobs = new Jobs(node, catalog, address, config.limits(), config.patience(), rules, this::cancelAtStages);
        this.ledger = new JobLedger(node, jobs, config, images);
    }

    /** Completes when messages of stages and of other gateways can arrive. */
    public Future<Void> start() {
        return node.courier()
                .listen(address, this::receive)
                .onSuccess(opened -> inbox = opened)
                .compose(opened -> ledger.start());
    }

    public Jobs jobs() {
        return jobs;
    }

    public JobLedger ledger() {
        return ledger;
    }

    private void receive(Delivery delivery) {
        Parcel parcel = delivery.parcel();
        ledger.checkAwake();
        if (parcel.header().hasEvent()) {
            jobs.onEvent(parcel.header().getEvent(), parcel.tensors());
        } else {
            ledger.receive(delivery);
        }
    }

    private void cancelAtStages(Cancel cancel) {
        node.courier().publish(Addresses.CANCEL, Parcel.of(cancel));
    }

    /** Completes when no job is left here. Other gateways, if there are any, continue what is not done in time. */
    public Future<Void> drain(Duration deadline) {
        long end = node.loop().nanos() + deadline.toNanos();
        Future<Void> idle = jobs.drain();
        long handOver = node.loop().after(Math.max(1, deadline.minus(HAND_OVER).toMillis()), () -> ledger.handOver()
                .onSuccess(left -> endAt(end, idle)));
        return idle.onComplete(done -> node.loop().cancel(handOver));
    }

    /** Called after the hand-over, also in a process that stood still past its deadline: nobody takes what is left. */
    private void endAt(long end, Future<Void> idle) {
        if (!idle.isComplete()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - node.loop().nanos());
            node.loop().after(Math.max(1, left), jobs::endAll);
        }
    }

    /** Leaves the remaining jobs to the other gateways, and ends what nobody takes. */
    public Future<Void> leave() {
        return ledger.handOver().compose(left -> {
            jobs.endAll();
            return jobs.drain();
        });
    }

    /** Says goodbye. */
    public Future<Void> close() {
        return ledger.close().compose(closed -> inbox.close());
    }
}
