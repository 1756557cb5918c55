package dev.weir.gateway.ledger;

import com.google.protobuf.InvalidProtocolBufferException;
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

/** The records of jobs in the cluster's memory. Keeps nothing itself; any thread. Fails as {@link MemoryMap} does. */
final class Ledger {

    private static final Logger log = LoggerFactory.getLogger(Ledger.class);

    private final MemoryMap jobs;

    Ledger(ClusterMemory memory) {
        this.jobs = memory.map(MemoryArea.JOBS);
    }

    /** A record, and the bytes that it was read from, by which it is replaced. */
    record Entry(JobRecord record, byte[] bytes) {}

    /** @return whether there was none of this name */
    Future<Boolean> create(String id, byte[] record, Duration life) {
        return jobs.putIfAbsent(id, record, life).map(Optional::isEmpty);
    }

    /** @return whether it was as known */
    Future<Boolean> replace(String id, byte[] known, byte[] record, Duration life) {
        return jobs.replace(id, known, record, life);
    }

    Future<Optional<Entry>> find(String id) {
        return jobs.get(id).map(bytes -> bytes.flatMap(Ledger::read));
    }

    Future<Void> remove(String id) {
        return jobs.remove(id);
    }

    /** Of all jobs, from each node that holds some of the records: who is silent keeps back its own alone. */
    List<Future<Set<String>>> ids() {
        return jobs.keysByHolder();
    }

    /** Which node holds the record of a job of this name; empty: this one. */
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
                        .filter(told -> told.hasCompleted() || told.hasFailed() || told.hasCancelled())
                        .count()
                == record.getSamples();
    }
}
