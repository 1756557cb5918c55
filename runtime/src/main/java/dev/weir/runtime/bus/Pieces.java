package dev.weir.runtime.bus;

import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Chunk;
import dev.weir.proto.v1.DType;
import dev.weir.proto.v1.ParcelHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Splits a parcel into messages. */
final class Pieces {

    private Pieces() {}

    /** Throws IllegalArgumentException if no receiver would accept a transfer of that size. */
    static List<Parcel> of(Parcel parcel, String transferId) {
        byte[] whole = ParcelFormat.encode(parcel);
        if (whole.length > BusInbox.MAX_TRANSFER_BYTES) {
            throw new IllegalArgumentException(
                    "a parcel is at most %d bytes, not %d".formatted(BusInbox.MAX_TRANSFER_BYTES, whole.length));
        }
        int count = (whole.length + Reassembler.PIECE_BYTES - 1) / Reassembler.PIECE_BYTES;
        List<Parcel> pieces = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            int from = index * Reassembler.PIECE_BYTES;
            int length = Math.min(Reassembler.PIECE_BYTES, whole.length - from);
            ByteBuffer bytes = ByteBuffer.wrap(whole, from, length);
            Chunk chunk = Chunk.newBuilder()
                    .setTransferId(transferId)
                    .setIndex(index)
                    .setCount(count)
                    .setTotalBytes(whole.length)
                    .build();
            pieces.add(new Parcel(
                    ParcelHeader.newBuilder().setChunk(chunk).build(),
                    List.of(new Tensor("piece", DType.UINT8, new long[] {length}, bytes))));
        }
        return pieces;
    }
}
