package dev.weir.runtime.route;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import dev.weir.runtime.stage.Attempt;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Answers offers as it is told, and speaks only when it is told. */
final class FakeNode {

    final List<Task> offered = new CopyOnWriteArrayList<>();
    volatile Verdict verdict = Verdict.ACCEPTED;
    volatile Attempt newest = Attempt.NONE;
    volatile Map<String, String> fingerprints = Map.of();
    private final Courier courier;
    private final String address;
    private long sequence;

    FakeNode(Courier courier, String nodeId) {
        this.courier = courier;
        this.address = Addresses.stage(StageKind.DECODER, nodeId);
    }

    Future<Inbox> listen() {
        return courier.listen(address, this::receive);
    }

    void publish(int freeCredits) {
        courier.publish(Addresses.STATUS, Parcel.of(status(freeCredits)));
    }

    /** Publishes its last status. */
    void leave() {
        courier.publish(
                Addresses.STATUS, Parcel.of(status(0).toBuilder().setGone(true).build()));
    }

    String address() {
        return address;
    }

    private NodeStatus status(int freeCredits) {
        return NodeStatus.newBuilder()
                .setAddress(address)
                .setStage(StageKind.DECODER)
                .addModels(ModelStatus.newBuilder()
                        .setId("tiny")
                        .addStages("decoder")
                        .putAllFingerprints(fingerprints))
                .setFreeCredits(freeCredits)
                .setSequence(++sequence)
                .build();
    }

    private void receive(Delivery delivery) {
        // What a test says once it sees the offer is for the next one.
        OfferReply reply = OfferReply.newBuilder()
                .setVerdict(verdict)
                .setDetail("as told")
                .setNewestAttempt(newest.number())
                .setNewestEpoch(newest.epoch())
                .build();
        offered.add(delivery.parcel().header().getOffer().getTask());
        delivery.reply().accept(reply);
    }
}
