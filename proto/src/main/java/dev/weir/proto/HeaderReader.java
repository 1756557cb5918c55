package dev.weir.proto;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.StatusHeader;
import dev.weir.proto.v1.StatusWithModelsUnread;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Reads the headers of parcels. Each stage of each node sends a status twice a second, and nearly all of its bytes are models that have
 * not changed since the last one. So models are read once: equal bytes give the same object. A header with several bodies, which Weir
 * does not write, may be read as another of them than Protobuf alone would read. Any thread.
 */
final class HeaderReader {

    /** Some models and thousands of LoRAs of a large cluster, in each form in which its nodes have them. */
    private static final long MOST_BYTES = 8 << 20;
    /** What even an empty model takes here. */
    private static final int LEAST_BYTES = 500;
    /** Longer than a node is silent. */
    private static final Duration KEPT = Duration.ofMinutes(1);

    private static final int STATUS_TAG = ParcelHeader.STATUS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private static final Cache<ByteString, ModelStatus> MODELS = Caffeine.newBuilder()
            .maximumWeight(MOST_BYTES)
            .weigher((ByteString bytes, ModelStatus model) -> LEAST_BYTES + bytes.size())
            .expireAfterAccess(KEPT)
            .build();

    private HeaderReader() {}

    static ParcelHeader read(ByteBuffer header) throws InvalidProtocolBufferException {
        return isStatus(header) ? readStatus(header) : ParcelHeader.parseFrom(header);
    }

    /** Whether its first field is a status. The tag of that field has one byte. */
    private static boolean isStatus(ByteBuffer header) {
        return header.hasRemaining() && header.get(header.position()) == STATUS_TAG;
    }

    private static ParcelHeader readStatus(ByteBuffer header) throws InvalidProtocolBufferException {
        StatusHeader unread = StatusHeader.parseFrom(header);
        StatusWithModelsUnread rest = unread.getStatus();
        NodeStatus.Builder status =
                NodeStatus.newBuilder().mergeFrom(rest.getUnknownFields().toByteString());
        for (ByteString bytes : rest.getModelsList()) {
            status.addModels(model(bytes));
        }
        return ParcelHeader.newBuilder()
                .setStatus(status)
                .mergeFrom(unread.getUnknownFields().toByteString())
                .build();
    }

    private static ModelStatus model(ByteString bytes) throws InvalidProtocolBufferException {
        ModelStatus known = MODELS.getIfPresent(bytes);
        if (known == null) {
            known = ModelStatus.parseFrom(bytes);
            MODELS.put(bytes, known);
        }
        return known;
    }
}
