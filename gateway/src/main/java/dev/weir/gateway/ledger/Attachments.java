package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.RefusedException;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images that requests brought, stored once beside the records of their jobs, so that the next owner of a job has them.
 * This gateway's bytes there count as images of requests. Event loop of the gateway.
 */
final class Attachments {

    private static final Logger log = LoggerFactory.getLogger(Attachments.class);

    private final MemoryMap map;
    private final ImageMemory memory;
    /** By job and name, in bytes. */
    private final Map<String, Map<String, Integer>> stored = new HashMap<>();

    Attachments(ClusterMemory cluster, ImageMemory memory) {
        this.map = cluster.map(MemoryArea.ATTACHMENTS);
        this.memory = memory;
    }

    /** So that it is stored together with its job's record. */
    private static String key(String job, String name) {
        return name + "@" + job;
    }

    /**
     * Completes when they are stored.
     *
     * @throws RefusedException if this gateway has too many bytes there
     */
    Future<Void> keep(String job, List<Attachment> attachments, Duration life) {
        if (attachments.isEmpty()) {
            return Future.succeededFuture();
        }
        memory.take(Attachment.bytes(attachments));
        store(job, attachments);
        List<Future<Void>> writes = attachments.stream()
                .map(attachment -> map.put(key(job, attachment.name()), attachment.bytes(), life))
                .toList();
        return Future.all(writes).mapEmpty();
    }

    /** Those of a job that another gateway stored. Those that are lost, or could not be read, are missing. */
    Future<List<Attachment>> find(String job, Generation generation) {
        List<Future<Optional<Attachment>>> found = generation.getAttachmentsList().stream()
                .map(named -> Retry.of(() -> map.get(key(job, named.getName())))
                        .map(file -> file.map(bytes -> Attachment.of(named, bytes)))
                        .otherwise(problem -> {
                            log.warn("{} of {} could not be read: {}", named.getName(), job, problem.getMessage());
                            return Optional.empty();
                        }))
                .toList();
        return Future.all(found).map(all -> {
            List<Attachment> attachments = new ArrayList<>();
            found.forEach(one -> one.result().ifPresent(attachments::add));
            return attachments;
        });
    }

    /** They count as this gateway's from now on. */
    void hold(String job, List<Attachment> attachments) {
        memory.hold(Attachment.bytes(attachments));
        store(job, attachments);
    }

    private void store(String job, List<Attachment> attachments) {
        Map<String, Integer> sizes = new HashMap<>();
        attachments.forEach(attachment -> sizes.put(attachment.name(), attachment.bytes().length));
        stored.put(job, sizes);
    }

    /**
     * Forgets those of a finished job that nothing can still be made from. The others count as part of the job's result.
     *
     * @return the bytes of the others
     */
    long finish(String job, Generation generation, Predicate<String> isNeeded) {
        Map<String, Integer> sizes = stored.getOrDefault(job, Map.of());
        leave(job);
        long left = 0;
        for (dev.weir.proto.v1.Attachment named : generation.getAttachmentsList()) {
            if (isNeeded.test(named.getName())) {
                left += sizes.getOrDefault(named.getName(), 0);
            } else {
                map.remove(key(job, named.getName()));
            }
        }
        return left;
    }

    /** Nobody needs them any more. */
    void forget(String job, Generation generation) {
        leave(job);
        generation.getAttachmentsList().forEach(named -> map.remove(key(job, named.getName())));
    }

    /** Leaves those of a job to its next owner. */
    void leave(String job) {
        Map<String, Integer> sizes = stored.remove(job);
        if (sizes != null) {
            memory.give(sizes.values().stream().mapToLong(Integer::intValue).sum());
        }
    }
}
