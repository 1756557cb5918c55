package dev.weir.bench.simulation;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Cancellation;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What must hold for the end of a sample at a stage: the stage repeats it until the owner acknowledges it, until the
 * attempt is superseded or cancelled, or until the job's deadline.
 */
final class EndCheck {

    /** Longer than the longest pause between two deliveries, and the wait for an answer. */
    private static final long LONGEST_PAUSE_MS = 8000;

    private static final long LOOK_MS = 1000;

    private record End(Process stage, SampleRef ref, long seq) {}

    /** The last delivery of an end. */
    private record Delivery(String owner, long atMs, long stoodStillMs) {}

    private final World world;
    private final Process clock;
    private final Map<End, Delivery> unacknowledged = new LinkedHashMap<>();
    /** By job. */
    private final Map<String, Long> deadlinesMs = new HashMap<>();

    EndCheck(World world) {
        this.world = world;
        this.clock = new Process(world, "check of ends");
        look();
    }

    private static boolean isEnd(Event event) {
        return event.hasFinished() || event.hasFailed() || event.hasHandedBack();
    }

    private static End end(Process stage, Event event) {
        return new End(stage, event.getRef(), event.getSeq());
    }

    void delivers(Process stage, String owner, Parcel parcel) {
        Event event = parcel.header().getEvent();
        if (isEnd(event)) {
            unacknowledged.put(end(stage, event), new Delivery(owner, world.ms(), stage.stoodStillMs()));
        }
    }

    void acknowledged(Process stage, Parcel parcel) {
        unacknowledged.remove(end(stage, parcel.header().getEvent()));
    }

    /** An offer or a cancellation that a stage receives. */
    void receives(Process stage, Parcel parcel) {
        Task offered = parcel.header().getOffer().getTask();
        if (parcel.header().hasOffer()) {
            deadlinesMs.put(offered.getRef().getJobId(), offered.getDeadlineMs());
        }
        if (!unacknowledged.isEmpty()) {
            Predicate<Task> ends = parcel.header().hasOffer()
                    ? olderThan(parcel)
                    : Cancellation.of(parcel.header().getCancel())::covers;
            unacknowledged
                    .entrySet()
                    .removeIf(entry -> entry.getKey().stage == stage
                            && ends.test(Task.newBuilder()
                                    .setRef(entry.getKey().ref)
                                    .setOwner(entry.getValue().owner)
                                    .build()));
        }
    }

    private static Predicate<Task> olderThan(Parcel offer) {
        SampleRef offered = offer.header().getOffer().getTask().getRef();
        return task -> task.getRef().getJobId().equals(offered.getJobId())
                && task.getRef().getSample() == offered.getSample()
                && Attempt.of(task.getRef()).isBefore(Attempt.of(offered));
    }

    private void look() {
        unacknowledged
                .keySet()
                .removeIf(end -> end.stage.isDead() || world.wallMs() >= deadlinesMs.get(end.ref.getJobId()));
        unacknowledged.forEach((end, last) -> {
            long silent = world.ms() - last.atMs - (end.stage.stoodStillMs() - last.stoodStillMs);
            if (end.stage.isUp() && silent > LONGEST_PAUSE_MS) {
                world.violate("%s has not repeated the end of %s, which %s has not acknowledged, for %d ms"
                        .formatted(end.stage, Words.of(end.ref), last.owner, silent));
            }
        });
        world.after(1000 * LOOK_MS, clock, this::look);
    }
}
