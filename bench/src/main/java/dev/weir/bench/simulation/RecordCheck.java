package dev.weir.bench.simulation;

import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import java.util.HashMap;
import java.util.Map;

/** What must hold whenever a job's record in the store is replaced: its epoch does not fall, and no end is changed. */
final class RecordCheck {

    private final World world;

    RecordCheck(World world) {
        this.world = world;
    }

    /** @param was null if there was no record */
    void written(JobRecord was, JobRecord now) {
        if (was == null) {
            world.note(() -> "store: %s is created by %s".formatted(Words.id(now.getId()), now.getOwner()));
            return;
        }
        if (now.getEpoch() != was.getEpoch()) {
            world.note(() -> "store: %s has epoch %d and belongs to %s"
                    .formatted(Words.id(now.getId()), now.getEpoch(), now.getOwner()));
        }
        if (now.getEpoch() < was.getEpoch()) {
            world.violate("the epoch of %s fell from %d to %d"
                    .formatted(Words.id(now.getId()), was.getEpoch(), now.getEpoch()));
        }
        if (now.getEpoch() == was.getEpoch() && !now.getOwner().equals(was.getOwner())) {
            world.violate("%s has two owners in epoch %d: %s and %s"
                    .formatted(Words.id(now.getId()), now.getEpoch(), was.getOwner(), now.getOwner()));
        }
        Map<Integer, JobEventRecord> ends = ends(now);
        ends(was).forEach((sample, end) -> {
            JobEventRecord still = ends.get(sample);
            // An image that was lost with its gateway and cannot be made again fails, under the same number.
            boolean isLost = end.hasCompleted() && still != null && still.hasFailed() && still.getSeq() == end.getSeq();
            if (still == null
                    || !isLost && (still.getSeq() != end.getSeq() || still.getWhatCase() != end.getWhatCase())) {
                world.violate("the end of %s/%d was %s, number %d, and is %s"
                        .formatted(
                                Words.id(now.getId()),
                                sample,
                                end.getWhatCase(),
                                end.getSeq(),
                                still == null ? "gone" : still.getWhatCase() + ", number " + still.getSeq()));
            }
        });
    }

    private static Map<Integer, JobEventRecord> ends(JobRecord record) {
        Map<Integer, JobEventRecord> ends = new HashMap<>();
        record.getEventsList().stream()
                .filter(event -> event.hasCompleted() || event.hasFailed() || event.hasCancelled())
                .forEach(event -> ends.put(event.getSample(), event));
        return ends;
    }
}
