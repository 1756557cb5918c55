package dev.weir.runtime.bus;

import dev.weir.proto.Frame;
import dev.weir.proto.Garbled;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Chunk;
import dev.weir.proto.v1.DType;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Assembles large parcels from their pieces, which may arrive in any order. Bounded in bytes, which are reserved as
 * announced, and in time. One thread only; it does not use the bus.
 */
final class Reassembler {

    static final int PIECE_BYTES = ParcelFormat.MAX_TENSOR_BYTES;

    private final long maxBytes;
    private final long maxAgeNanos;
    private final LongSupplier nanoClock;
    private final Map<String, Transfer> transfers = new HashMap<>();
    private long reserved;

    Reassembler(long maxBytes, long maxAgeNanos, LongSupplier nanoClock) {
        this.maxBytes = maxBytes;
        this.maxAgeNanos = maxAgeNanos;
        this.nanoClock = nanoClock;
    }

    /** The whole parcel if this was the last missing piece; Garbled if the piece is invalid. */
    Optional<Frame> accept(Chunk chunk, Optional<Tensor> piece) {
        Optional<String> problem = problemOf(chunk, piece);
        if (problem.isPresent()) {
            forget(chunk.getTransferId());
            return problem.map(Garbled::new);
        }
        Transfer transfer = transfers.get(chunk.getTransferId());
        if (transfer == null) {
            if (reserved + chunk.getTotalBytes() > maxBytes) {
                return Optional.of(new Garbled("no room for a transfer of %d bytes: %d of %d are taken"
                        .formatted(chunk.getTotalBytes(), reserved, maxBytes)));
            }
            transfer = new Transfer((int) chunk.getTotalBytes(), nanoClock.getAsLong());
            transfers.put(chunk.getTransferId(), transfer);
            reserved += chunk.getTotalBytes();
        }
        if (transfer.bytes.length != chunk.getTotalBytes()) {
            forget(chunk.getTransferId());
            return Optional.of(new Garbled("the pieces of a transfer announce different sizes"));
        }
        piece.orElseThrow().bytes().get(transfer.bytes, chunk.getIndex() * PIECE_BYTES, lengthOf(chunk));
        transfer.arrived.set(chunk.getIndex());
        if (transfer.arrived.cardinality() < chunk.getCount()) {
            return Optional.empty();
        }
        forget(chunk.getTransferId());
        return Optional.of(ParcelFormat.decode(transfer.bytes));
    }

    /** Drops transfers that took too long. Returns their number. */
    int sweep() {
        long now = nanoClock.getAsLong();
        var late = transfers.entrySet().stream()
                .filter(e -> now - e.getValue().startedNanos > maxAgeNanos)
                .map(Map.Entry::getKey)
                .toList();
        late.forEach(this::forget);
        return late.size();
    }

    long reservedBytes() {
        return reserved;
    }

    private void forget(String transferId) {
        Transfer transfer = transfers.remove(transferId);
        if (transfer != null) {
            reserved -= transfer.bytes.length;
        }
    }

    private Optional<String> problemOf(Chunk chunk, Optional<Tensor> piece) {
        long total = chunk.getTotalBytes();
        if (total <= 0 || total > maxBytes) {
            return Optional.of("a transfer of %d bytes; at most %d are allowed".formatted(total, maxBytes));
        }
        if (chunk.getCount() != (total + PIECE_BYTES - 1) / PIECE_BYTES) {
            return Optional.of("%d pieces do not make %d bytes".formatted(chunk.getCount(), total));
        }
        if (chunk.getIndex() < 0 || chunk.getIndex() >= chunk.getCount()) {
            return Optional.of("piece %d of %d".formatted(chunk.getIndex(), chunk.getCount()));
        }
        if (piece.isEmpty() || piece.get().dtype() != DType.UINT8 || piece.get().byteLength() != lengthOf(chunk)) {
            return Optional.of("piece %d bears other bytes than its %d".formatted(chunk.getIndex(), lengthOf(chunk)));
        }
        return Optional.empty();
    }

    private static int lengthOf(Chunk chunk) {
        long before = (long) chunk.getIndex() * PIECE_BYTES;
        return (int) Math.min(PIECE_BYTES, chunk.getTotalBytes() - before);
    }

    private static final class Transfer {
        final byte[] bytes;
        final long startedNanos;
        final BitSet arrived = new BitSet();

        Transfer(int totalBytes, long startedNanos) {
            this.bytes = new byte[totalBytes];
            this.startedNanos = startedNanos;
        }
    }
}
