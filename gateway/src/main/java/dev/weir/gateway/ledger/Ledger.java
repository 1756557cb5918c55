package dev.weir.gateway.ledger;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.gateway.job.JobId;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The records of jobs in the cluster's memory. Stores nothing itself; any thread. Fails as {@link MemoryMap} does. */
final class Ledger {

    private static final Logger log = LoggerFactory.getLogger(Ledger.class);

    private final MemoryMap jobs;

    Ledger(ClusterMemory memory) {
        this.jobs = memory.map(MemoryArea.JOBS);
    }

    /** A record, and the bytes that it was read from, which a replacement must match. */
    record Entry(JobRecord record, byte[] bytes) {}

    /** @return whether there was no record with this name */
    Future<Boolean> create(String id, byte[] record, Duration life) {
        return jobs.putIfAbsent(id, record, life).map(Optional::isEmpty);
    }

    /** @return whether the record was unchanged */
    Future<Boolean> replace(String id, byte[] known, byte[] record, Duration life) {
        return jobs.replace(id, known, record, life);
    }

    /** Clients ask for any name. The memory is asked only for those that may be in it. */
    Future<Optional<Entry>> find(String id) {
        if (!JobId.isOne(id)) {
            return Future.succeededFuture(Optional.empty());
        }
        return jobs.get(id).map(bytes -> bytes.flatMap(Ledger::read));
    }

    Future<Void> remove(String id) {
        return jobs.remove(id);
    }

    /** Unless another gateway has written it since. */
    Future<Void> remove(String id, byte[] known) {
        return jobs.remove(id, known);
    }

    /**
     * All jobs, separately from each node that holds some of the records, so that a silent node only delays its own.
     */
    List<Future<Set<String>>> ids() {
        return jobs.keysByHolder();
    }

    /** The node that holds the record of a job with this name; empty: this node. */
    String holder(String id) {
        return jobs.holder(id);
    }

    private static Optional<Entry> read(byte[] bytes) {
        try {
            return Optional.of(new Entry(JobRecord.parseFrom(bytes), bytes));
        } catch (InvalidProtocolBufferException e) {
            log.warn("A record in the ledger cannot be read: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Whether every sample has ended. */
    static boolean isOver(JobRecord record) {
        return record.getEventsList().stream()
                        .filter(told ->
                                told.hasCompleted() || told.hasFailed() || told.hasCancelled() || told.hasDeleted())
                        .count()
                == record.getSamples();
    }
}
