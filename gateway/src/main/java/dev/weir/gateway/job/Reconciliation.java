package dev.weir.gateway.job;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.SampleRef;
import dev.weir.runtime.route.NodeDirectory;
import dev.weir.runtime.route.StatusDirectory;
import dev.weir.runtime.stage.Attempt;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Compares what this gateway's samples need with what stages state to hold, again and again. A sample that no stage
 * lists, and about which nothing was reported for the length of a lease, gets a new attempt, and sooner if its holder has
 * left the cluster. Work that is not the current attempt of a sample is cancelled. So it does not matter which message was
 * lost. Event loop of {@link Jobs}.
 */
final class Reconciliation {

    private static final long MISSING_MS = StatusDirectory.LEASE.toMillis();
    /** If the holder has handed the sample on before it left, the next one's status names it in this time. */
    private static final long LEFT_MS = 1000;

    private final NodeDirectory directory;
    private final Jobs jobs;
    private final Restarts restarts;
    private final String address;
    private final Consumer<Cancel> cancelAtStages;
    /** By address: the last status that was compared. */
    private final Map<String, Long> compared = new HashMap<>();

    private long lookedMs;

    /** @param address of this gateway on the bus */
    Reconciliation(
            NodeDirectory directory, Jobs jobs, Restarts restarts, String address, Consumer<Cancel> cancelAtStages) {
        this.directory = directory;
        this.jobs = jobs;
        this.restarts = restarts;
        this.address = address;
        this.cancelAtStages = cancelAtStages;
    }

    /** Call it several times per status of a node. */
    void look(long nowMs) {
        long pauseMs = nowMs - lookedMs;
        boolean stoodStill = pauseMs > MISSING_MS / 2;
        // Statuses that came meanwhile may still wait to be received.
        long leftMs = pauseMs > LEFT_MS / 2 ? MISSING_MS : LEFT_MS;
        lookedMs = nowMs;
        List<NodeStatus> alive = directory.alive();
        compared.keySet().retainAll(alive.stream().map(NodeStatus::getAddress).collect(Collectors.toSet()));
        for (NodeStatus node : alive) {
            Long before = compared.put(node.getAddress(), node.getSequence());
            if (before == null || before != node.getSequence()) {
                node.getHoldings().getSamplesList().forEach(holding -> compare(holding, nowMs));
            }
        }
        for (Job job : jobs.inFlight()) {
            for (Sample sample : job.samples()) {
                if (stoodStill) {
                    sample.listed(nowMs); // Statuses could not arrive either.
                } else if (!sample.ended()) {
                    look(job, sample, alive, sample.missingMs(nowMs), leftMs);
                }
            }
        }
    }

    private void compare(Holding holding, long nowMs) {
        SampleRef ref = holding.getRef();
        boolean isOwn = holding.getOwner().equals(address);
        Job job = jobs.find(ref.getJobId());
        if (job == null
                || ref.getSample() < 0
                || ref.getSample() >= job.samples().size()) {
            if (isOwn) {
                cancel(holding);
            }
            return;
        }
        Sample sample = job.samples().get(ref.getSample());
        Attempt current = sample.current();
        Attempt held = Attempt.of(ref);
        if (held.isBefore(current) || isOwn && sample.ended()) {
            cancel(holding);
        } else if (isOwn && held.equals(current)) {
            sample.listed(nowMs);
        } else if (!isOwn) {
            job.doubted();
        }
    }

    private void cancel(Holding holding) {
        cancelAtStages.accept(Cancel.newBuilder()
                .setSample(holding.getRef())
                .setOwner(holding.getOwner())
                .build());
    }

    /** A gateway that sees no node at all may be partitioned, or have just rejoined: then it waits for the whole lease. */
    private void look(Job job, Sample sample, List<NodeStatus> alive, long missingMs, long leftMs) {
        if (missingMs <= leftMs) {
            return;
        }
        List<NodeStatus> holder = alive.stream().filter(sample::heldBy).toList();
        boolean hasLeft = holder.isEmpty() && !alive.isEmpty();
        if ((hasLeft || missingMs > MISSING_MS) && holder.stream().allMatch(NodeStatus::hasHoldings)) {
            restarts.missing(job, sample, !holder.isEmpty());
        }
    }
}
