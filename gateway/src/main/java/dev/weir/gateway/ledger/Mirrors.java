package dev.weir.gateway.ledger;

import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.JobTold;
import dev.weir.proto.v1.JobWatch;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Jobs of other gateways that clients ask for here. Their owners send their events for as long as somebody watches or
 * has just asked. If the owner is lost or has changed, the new one is searched for. Event loop of the gateway.
 */
final class Mirrors {

    private static final long RENEW_MS = Showing.LEASE.toMillis() / 3;
    private static final long IDLE_MS = 10_000;
    private static final long LOOK_MS = 250;
    private static final long GIVE_UP_MS = 30_000;

    /** Finds the owner of a job. */
    interface Finder {
        /**
         * Makes the job available here, from its owner or as its owner. Fails if there is no such job or nobody
         * answers.
         */
        Future<KeptJob> show(KeptJob job);
    }

    private final NodeContext node;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final Custody custody;
    private final Finder finder;
    /** The owner of each job; empty while it is searched for. */
    private final Map<String, String> owners = new HashMap<>();

    Mirrors(NodeContext node, KeptJobs kept, Gateways gateways, Custody custody, Finder finder) {
        this.node = node;
        this.kept = kept;
        this.gateways = gateways;
        this.custody = custody;
        this.finder = finder;
        gateways.onLost(name -> owners.forEach((job, owner) -> {
            if (owner.equals(name)) {
                kept.find(job).ifPresent(this::followSoon);
            }
        }));
        custody.onLetGo(this::followSoon);
        node.vertx().setPeriodic(RENEW_MS, timer -> renew());
    }

    /** Mirrors a job from its owner. Completes when everything that the owner knows is known here. */
    Future<KeptJob> open(KeptJob job, String owner) {
        String address = gateways.address(owner).orElse("");
        List<Integer> have = IntStream.range(0, job.spec().samples())
                .filter(job::hasEnded)
                .boxed()
                .toList();
        JobWatch watch = JobWatch.newBuilder()
                .setJobId(job.id())
                .setAddress(Addresses.gateway(node.nodeId()))
                .setAfter(job.seq())
                .addAllHave(have)
                .build();
        kept.add(job);
        owners.put(job.id(), owner);
        return node.courier().deliver(address, Parcel.of(watch)).map(job).onFailure(problem -> {
            if (owners.remove(job.id(), owner) && job.watchers() == 0) {
                kept.remove(job.id());
            }
        });
    }

    /** Handles an event from an owner. */
    void on(JobTold told, List<Tensor> tensors) {
        if (owners.containsKey(told.getJobId()) && !custody.holds(told.getJobId())) {
            byte[] image = tensors.isEmpty() ? new byte[0] : tensors.get(0).toBytes();
            kept.find(told.getJobId()).ifPresent(job -> RecordFormat.event(job.id(), job.spec(), told.getEvent(), image)
                    .ifPresent(job::on));
        }
    }

    /** The other gateway that owns a job which is mirrored here; empty if there is none. */
    String owner(String job) {
        return custody.holds(job) ? "" : owners.getOrDefault(job, "");
    }

    private void renew() {
        for (Map.Entry<String, String> mirrored : Map.copyOf(owners).entrySet()) {
            KeptJob job = kept.find(mirrored.getKey()).orElse(null);
            if (job == null || custody.holds(job.id())) {
                owners.remove(mirrored.getKey());
            } else if (job.idleMs() > IDLE_MS) {
                owners.remove(job.id());
                kept.remove(job.id());
            } else if (!job.isOver() && !mirrored.getValue().isEmpty()) {
                open(job, mirrored.getValue()).onFailure(problem -> followSoon(job));
            }
        }
    }

    private void followSoon(KeptJob job) {
        if (job.idleMs() > IDLE_MS) {
            owners.remove(job.id());
            kept.remove(job.id());
        } else {
            kept.add(job);
            owners.put(job.id(), "");
            follow(job, System.currentTimeMillis() + GIVE_UP_MS);
        }
    }

    private void follow(KeptJob job, long untilMs) {
        node.vertx().setTimer(LOOK_MS, later -> finder.show(job).onFailure(problem -> {
            if (System.currentTimeMillis() < untilMs) {
                follow(job, untilMs);
            } else if (!custody.holds(job.id())) {
                owners.remove(job.id());
                kept.remove(job.id());
                job.lose();
            }
        }));
    }
}
