package dev.weir.runtime.bus;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.function.Consumer;

/** Sends parcels and opens inboxes. Any thread; answers arrive on the caller's event loop. */
public interface Courier {

    /** How long to wait for the answer to an offer. Acceptance is quick, whatever the work takes. */
    Duration OFFER_TIMEOUT = Duration.ofMillis(1500);

    /** The courier of a Vertx, on its event bus. */
    static Courier of(Vertx vertx, MeterRegistry metrics) {
        return new BusCourier(vertx, metrics);
    }

    /**
     * Sends an offer. Fails at once if the address is that of no node, if no answer arrives in time, and with an IllegalArgumentException if the parcel is larger
     * than any receiver accepts.
     */
    Future<OfferReply> offer(String address, Parcel parcel);

    /** Sends an event. Completes when its receiver has accepted it; fails if no confirmation arrives in time. */
    default Future<Void> deliver(String address, Parcel event) {
        return offer(address, event)
                .compose(reply -> reply.getVerdict() == Verdict.ACCEPTED
                        ? Future.succeededFuture()
                        : Future.failedFuture(reply.getDetail()));
    }

    /** Sends without an answer. Completes when the bytes have been written, even if the node does not listen; fails if they could not be. */
    Future<Void> tell(String address, Parcel parcel);

    /** Sends a parcel of at most one message to all listeners of the address. */
    void publish(String address, Parcel parcel);

    /** Opens an inbox for the calling event loop, which runs the handler. Completes when messages can arrive. */
    Future<Inbox> listen(String address, Consumer<Delivery> handler);
}
