package dev.weir.runtime.bus;

import dev.weir.proto.Frame;
import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelCodec;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.v1.OfferReply;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The courier on the event bus. Sends parcels in pieces if they are larger than one message. Any thread; answers arrive
 * on the caller's context. It has no queue: the senders' credits bound what may be sent.
 */
final class BusCourier implements Courier {

    private static final DeliveryOptions DELIVERY =
            new DeliveryOptions().setCodecName(ParcelCodec.NAME).setSendTimeout(OFFER_TIMEOUT.toMillis());

    private final Vertx vertx;
    private final BusMeters meters;

    BusCourier(Vertx vertx, MeterRegistry metrics) {
        this.vertx = vertx;
        this.meters = new BusMeters(metrics);
        vertx.exceptionHandler(new WireFailures(meters));
        vertx.eventBus().serializableChecker(className -> false).clusterSerializableChecker(className -> false);
        try {
            vertx.eventBus().registerCodec(new ParcelCodec());
        } catch (IllegalStateException e) {
            // Another courier of this Vertx has registered it: one process may hold several nodes.
            return;
        }
    }

    /** Fails with a {@link io.vertx.core.eventbus.ReplyException} if no answer arrives in time. */
    @Override
    public Future<OfferReply> offer(String address, Parcel parcel) {
        List<Parcel> messages;
        try {
            messages = messages(parcel);
        } catch (IllegalArgumentException tooLarge) {
            return Future.failedFuture(tooLarge);
        }
        int last = messages.size() - 1;
        messages.subList(0, last).forEach(piece -> vertx.eventBus().send(address, piece, DELIVERY));
        return vertx.eventBus()
                .<Frame>request(address, messages.get(last), DELIVERY)
                .compose(BusCourier::offerReply);
    }

    @Override
    public Future<Void> tell(String address, Parcel parcel) {
        List<Parcel> messages;
        try {
            messages = messages(parcel);
        } catch (IllegalArgumentException tooLarge) {
            return Future.failedFuture(tooLarge);
        }
        Future<Void> sent = Future.succeededFuture();
        for (Parcel message : messages) {
            Future<Void> written =
                    vertx.eventBus().<Frame>sender(address, DELIVERY).write(message);
            sent = sent.compose(done -> written);
        }
        return sent;
    }

    @Override
    public void publish(String address, Parcel parcel) {
        vertx.eventBus().publish(address, parcel, DELIVERY);
    }

    @Override
    public Future<Inbox> listen(String address, Consumer<Delivery> handler) {
        return new BusInbox(vertx, meters, address, handler).registered();
    }

    private List<Parcel> messages(Parcel parcel) {
        ParcelFormat.checkHeader(parcel);
        meters.sentBytes.increment(ParcelFormat.tensorBytes(parcel));
        return ParcelFormat.tensorBytes(parcel) <= ParcelFormat.MAX_TENSOR_BYTES
                ? List.of(parcel)
                : Pieces.of(parcel, UUID.randomUUID().toString());
    }

    private static Future<OfferReply> offerReply(Message<Frame> answer) {
        return answer.body() instanceof Parcel parcel && parcel.header().hasOfferReply()
                ? Future.succeededFuture(parcel.header().getOfferReply())
                : Future.failedFuture("the answer to an offer could not be read: " + answer.body());
    }
}
