package dev.weir.proto;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;

/**
 * Encodes parcels for the event bus. It never throws on bytes from the wire, because the bus would swallow the
 * exception and the sender would run into a timeout. Unreadable bytes arrive as {@link Garbled}. Local delivery passes
 * the object itself.
 */
public final class ParcelCodec implements MessageCodec<Frame, Frame> {

    public static final String NAME = "weir.v1.parcel";

    private record Encoded(Parcel parcel, byte[] bytes) {}

    /** The bus encodes a status for each receiver, one after the other. */
    private volatile Encoded last = new Encoded(null, null);

    /** Throws IllegalArgumentException, at the sender, if the parcel does not fit into one message. */
    @Override
    public void encodeToWire(Buffer buffer, Frame frame) {
        if (!(frame instanceof Parcel parcel)) {
            throw new IllegalArgumentException("only parcels are sent, not " + frame);
        }
        if (ParcelFormat.tensorBytes(parcel) > ParcelFormat.MAX_TENSOR_BYTES) {
            throw new IllegalArgumentException("a message bears at most %d bytes of tensors, not %d"
                    .formatted(ParcelFormat.MAX_TENSOR_BYTES, ParcelFormat.tensorBytes(parcel)));
        }
        buffer.appendBytes(encoded(parcel));
    }

    private byte[] encoded(Parcel parcel) {
        Encoded known = last;
        if (known.parcel == parcel) {
            return known.bytes;
        }
        byte[] bytes = ParcelFormat.encode(parcel);
        if (parcel.tensors().isEmpty()) {
            last = new Encoded(parcel, bytes);
        }
        return bytes;
    }

    @Override
    public Frame decodeFromWire(int position, Buffer buffer) {
        int length = buffer.length() - position;
        if (position < 0 || length < 0 || length > ParcelFormat.MAX_MESSAGE_BYTES) {
            return new Garbled(
                    "a message of %d bytes, at most %d are allowed".formatted(length, ParcelFormat.MAX_MESSAGE_BYTES));
        }
        return ParcelFormat.decode(buffer.getBytes(position, buffer.length()));
    }

    @Override
    public Frame transform(Frame frame) {
        return frame;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public byte systemCodecID() {
        return -1;
    }
}
