package dev.weir.runtime.bus;

import dev.weir.proto.Frame;
import dev.weir.proto.Garbled;
import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelCodec;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One address that this node listens at. It belongs to the context that opened it. Invalid messages are counted and
 * dropped.
 */
final class BusInbox implements Inbox {

    static final long MAX_TRANSFER_BYTES = 64L << 20;

    private static final Logger log = LoggerFactory.getLogger(BusInbox.class);
    private static final Duration MAX_TRANSFER_AGE = Duration.ofSeconds(10);

    /** The acknowledgement of an event, if its sender wants one. Offers are answered by their handlers. */
    private static final OfferReply TAKEN =
            OfferReply.newBuilder().setVerdict(Verdict.ACCEPTED).build();

    private final Vertx vertx;
    private final BusMeters meters;
    private final Consumer<Delivery> handler;
    private final Reassembler reassembler =
            new Reassembler(MAX_TRANSFER_BYTES, MAX_TRANSFER_AGE.toNanos(), System::nanoTime);
    private final MessageConsumer<?> consumer;
    private final long sweepTimer;

    BusInbox(Vertx vertx, BusMeters meters, String address, Consumer<Delivery> handler) {
        this.vertx = vertx;
        this.meters = meters;
        this.handler = handler;
        this.consumer = vertx.eventBus().<Object>consumer(address, this::receive);
        this.sweepTimer = vertx.setPeriodic(1000, id -> meters.garbled.increment(reassembler.sweep()));
    }

    Future<Inbox> registered() {
        return consumer.completion().<Inbox>map(this);
    }

    @Override
    public Future<Void> close() {
        vertx.cancelTimer(sweepTimer);
        return consumer.unregister();
    }

    private void receive(Message<Object> message) {
        Object body = body(message);
        if (body instanceof Parcel parcel) {
            meters.receivedBytes.increment(ParcelFormat.tensorBytes(parcel));
            if (parcel.header().hasChunk()) {
                Optional<Frame> whole = reassembler.accept(parcel.header().getChunk(), parcel.tensor("piece"));
                whole.ifPresent(frame -> deliver(frame, message));
            } else {
                deliver(parcel, message);
            }
        } else {
            deliver(body, message);
        }
    }

    /** The bus decodes the message here, and throws if it may not or cannot, as with serialized Java objects. */
    private static Object body(Message<Object> message) {
        try {
            return message.body();
        } catch (RuntimeException unreadable) {
            return new Garbled(unreadable.toString());
        }
    }

    private void deliver(Object frame, Message<Object> message) {
        Consumer<OfferReply> reply = answer -> {
            if (message.replyAddress() != null) {
                message.reply(Parcel.of(answer), new DeliveryOptions().setCodecName(ParcelCodec.NAME));
            }
        };
        if (frame instanceof Parcel parcel) {
            handler.accept(new Delivery(parcel, reply));
            if (parcel.header().hasEvent()) {
                reply.accept(TAKEN);
            }
            return;
        }
        String reason = frame instanceof Garbled garbled ? garbled.reason() : "it is no parcel";
        meters.garbled.increment();
        log.warn("Dropped a message to {}: {}", message.address(), reason);
        reply.accept(OfferReply.newBuilder()
                .setVerdict(Verdict.BUSY)
                .setDetail("the message could not be read: " + reason)
                .build());
    }
}
