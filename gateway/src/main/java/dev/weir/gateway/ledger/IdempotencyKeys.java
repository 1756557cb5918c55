package dev.weir.gateway.ledger;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.proto.v1.KeyRecord;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;

/** The job of each idempotency key, in the cluster's memory. Stores nothing itself; any thread. */
final class IdempotencyKeys {

    private final MemoryMap keys;
    private final Duration life;

    /** @param life of a key, from its first use */
    IdempotencyKeys(ClusterMemory memory, Duration life) {
        this.keys = memory.map(MemoryArea.KEYS);
        this.life = life;
    }

    /**
     * Binds a key to a job, if the key is free.
     *
     * @param request a digest of the whole request
     * @return the current binding
     */
    Future<KeyRecord> claim(String key, String job, byte[] request, long nowMs) {
        KeyRecord mine = KeyRecord.newBuilder()
                .setJobId(job)
                .setRequest(ByteString.copyFrom(request))
                .setCreatedMs(nowMs)
                .build();
        return keys.putIfAbsent(key, mine.toByteArray(), life).map(there -> there.isEmpty() ? mine : read(there.get()));
    }

    /**
     * Binds a key to another job, if the first one was never created. @return the binding; empty if the key was not
     * bound to the first one any more
     */
    Future<Optional<KeyRecord>> rebind(String key, KeyRecord before, String job, long nowMs) {
        KeyRecord mine = before.toBuilder().setJobId(job).setCreatedMs(nowMs).build();
        return keys.replace(key, before.toByteArray(), mine.toByteArray(), life)
                .map(written -> written ? Optional.of(mine) : Optional.empty());
    }

    /** Frees a key whose job was rejected, unless it has another job by now. */
    void free(String key, KeyRecord bound) {
        keys.remove(key, bound.toByteArray());
    }

    private static KeyRecord read(byte[] bytes) {
        try {
            return KeyRecord.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a key's record cannot be read", e);
        }
    }
}
