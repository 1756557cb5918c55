package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.JobTold;
import dev.weir.proto.v1.JobWatch;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Courier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Sends events of jobs that are owned here to other gateways, for as long as they keep asking. Event loop of the
 * gateway.
 */
final class EventPublisher {

    /** How long one subscription is valid. */
    static final Duration LEASE = Duration.ofSeconds(12);

    private static final long SWEEP_MS = 1000;

    private record Key(String job, String address) {}

    private final class Forwarding {
        final KeptJob job;
        final Consumer<JobEvent> watcher;
        long untilNanos;

        Forwarding(KeptJob job, String address) {
            this.job = job;
            this.watcher = event -> send(address, job, event);
        }
    }

    private final Loop loop;
    private final Courier courier;
    private final KeptJobs kept;
    private final OwnedJobs owned;
    private final Map<Key, Forwarding> forwardings = new HashMap<>();
    private Consumer<KeptJob> onLapsed = job -> {};

    EventPublisher(Loop loop, Courier courier, KeptJobs kept, OwnedJobs owned) {
        this.loop = loop;
        this.courier = courier;
        this.kept = kept;
        this.owned = owned;
        loop.every(SWEEP_MS, this::sweep);
    }

    /** @param listener called with each job that another gateway no longer asks for */
    void onLapsed(Consumer<KeptJob> listener) {
        onLapsed = listener;
    }

    /**
     * Sends what the other gateway does not know yet, and from now on every event. Sends nothing of a running job whose last client
     * there has disconnected. @return whether the job is owned here
     */
    boolean watch(JobWatch watch) {
        KeptJob job = kept.find(watch.getJobId()).orElse(null);
        if (job == null || !job.isOver() && !owned.holds(job.id())) {
            return false;
        }
        Key key = new Key(job.id(), watch.getAddress());
        if (watch.getLeft() && !job.isOver()) {
            stop(key);
            return true;
        }
        Set<Integer> have = new HashSet<>(watch.getHaveList());
        for (JobEvent event : job.eventsAfter(-1)) {
            if (event.isLast()
                    ? !have.contains(event.at().sample())
                    : event.at().seq() > watch.getAfter()) {
                send(watch.getAddress(), job, event);
            }
        }
        if (!job.isOver()) {
            Forwarding forwarding = forwardings.computeIfAbsent(key, k -> forward(job, watch.getAddress()));
            forwarding.untilNanos = loop.nanos() + LEASE.toNanos();
        }
        return true;
    }

    /** Tells another gateway, which may show the job, that the image of a sample was deleted. */
    void deleted(String address, KeptJob job, int sample) {
        job.latest(sample).ifPresent(event -> send(address, job, event));
    }

    private void stop(Key key) {
        Forwarding ended = forwardings.remove(key);
        if (ended != null) {
            ended.job.unwatch(ended.watcher);
        }
    }

    private Forwarding forward(KeptJob job, String address) {
        Forwarding forwarding = new Forwarding(job, address);
        job.watch(forwarding.watcher, () -> {});
        return forwarding;
    }

    private void send(String address, KeptJob job, JobEvent event) {
        JobTold told = JobTold.newBuilder()
                .setJobId(event.at().job())
                .setEvent(RecordFormat.told(event))
                .setLastEnd(job.lastEndBefore(event))
                .build();
        List<Tensor> picture = RecordFormat.picture(event)
                .map(image -> List.of(Tensor.ofBytes("image", image.bytes())))
                .orElse(List.of());
        courier.tell(address, Parcel.of(told, picture));
    }

    private void sweep() {
        long now = loop.nanos();
        List<Forwarding> ended = new ArrayList<>();
        forwardings.values().removeIf(forwarding -> {
            boolean ends =
                    forwarding.job.isOver() || !owned.holds(forwarding.job.id()) || now - forwarding.untilNanos > 0;
            return ends && ended.add(forwarding);
        });
        ended.forEach(forwarding -> {
            forwarding.job.unwatch(forwarding.watcher);
            onLapsed.accept(forwarding.job);
        });
    }
}
