package dev.weir.gateway.ledger;

import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.v1.Checkpointed;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import dev.weir.runtime.stage.Snapshot;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the newest checkpoint of each sample to the cluster's memory. Nobody waits for it: for each sample, one write
 * is in progress and at most one waits, the newest. This gateway's bytes there are limited. Above the limit, a sample
 * keeps its previous checkpoint. Event loop of the gateway.
 */
final class Checkpoints {

    private final MemoryMap map;
    private final long maxBytes;
    private final Counter dropped;
    private final Map<String, Slot> slots = new HashMap<>();
    private long bytes;

    /** The stored checkpoint of one sample. */
    private static final class Slot {
        int bytes;
        boolean writing;
        boolean forgotten;
        Snapshot next;
        List<Stage> route;
        /** Where on the route a sample continues from the stored one. */
        int entry;

        Duration life;
    }

    Checkpoints(ClusterMemory memory, long maxBytes, MeterRegistry metrics) {
        this.map = memory.map(MemoryArea.CHECKPOINTS);
        this.maxBytes = maxBytes;
        this.dropped = Counter.builder("weir.gateway.checkpoints.dropped")
                .description("Checkpoints that were not written for want of room or of an answer")
                .register(metrics);
    }

    /** So that it is stored together with its job's record. */
    private static String key(String job, int sample) {
        return sample + "@" + job;
    }

    /**
     * @param route of the sample
     * @param life after which it expires, even if nobody removes it
     */
    void keep(String job, int sample, Snapshot newest, List<Stage> route, Duration life) {
        String key = key(job, sample);
        Slot slot = slots.computeIfAbsent(key, k -> new Slot());
        slot.next = newest;
        slot.route = route;
        slot.life = life;
        write(key, slot);
    }

    private void write(String key, Slot slot) {
        if (slot.writing || slot.next == null) {
            return;
        }
        byte[] encoded = encode(slot.next);
        int entry = slot.next.entry(slot.route);
        slot.next = null;
        if (bytes + encoded.length - slot.bytes > maxBytes) {
            dropped.increment();
            return;
        }
        bytes += encoded.length - slot.bytes;
        slot.bytes = encoded.length;
        slot.writing = true;
        map.put(key, encoded, slot.life).onComplete(written -> {
            slot.writing = false;
            if (written.failed()) {
                dropped.increment();
            } else {
                slot.entry = entry;
            }
            if (slot.forgotten) {
                map.remove(key);
            } else {
                write(key, slot);
            }
        });
    }

    /** Where on its route a sample would continue from what this gateway has stored; 0 without a checkpoint. */
    int entry(String job, int sample) {
        Slot slot = slots.get(key(job, sample));
        return slot == null ? 0 : slot.entry;
    }

    Future<Optional<Snapshot>> find(String job, int sample) {
        return map.get(key(job, sample)).map(found -> found.flatMap(Checkpoints::decode));
    }

    /** Removes the checkpoint of a sample. */
    void forget(String job, int sample) {
        String key = key(job, sample);
        Slot slot = release(key);
        if (slot == null || !slot.writing) {
            map.remove(key);
        } else {
            slot.forgotten = true;
        }
    }

    /** Leaves the checkpoints of a job to its next owner. */
    void leave(String job, int samples) {
        for (int sample = 0; sample < samples; sample++) {
            release(key(job, sample));
        }
    }

    private Slot release(String key) {
        Slot slot = slots.remove(key);
        if (slot != null) {
            bytes -= slot.bytes;
            slot.next = null;
        }
        return slot;
    }

    private static byte[] encode(Snapshot snapshot) {
        Event event = Event.newBuilder()
                .setCheckpointed(Checkpointed.newBuilder().setCheckpoint(snapshot.checkpoint()))
                .build();
        return ParcelFormat.encode(Parcel.of(event, snapshot.tensors()));
    }

    private static Optional<Snapshot> decode(byte[] bytes) {
        return ParcelFormat.decode(bytes) instanceof Parcel parcel
                        && parcel.header().getEvent().hasCheckpointed()
                ? Optional.of(new Snapshot(
                        parcel.header().getEvent().getCheckpointed().getCheckpoint(), parcel.tensors()))
                : Optional.empty();
    }
}
