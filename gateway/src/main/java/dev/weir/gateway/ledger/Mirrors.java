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
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Jobs of other gateways that clients ask for here. Their owners send their events for as long as somebody watches or
 * has just asked. If the owner is lost or has changed, the new one is searched for. A job that this gateway owns has no
 * mirror, and nothing that a former mirror still waits for changes it. Event loop of the gateway.
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

    /** A mirrored job. */
    private static final class Mirror {
        final KeptJob job;
        /** Empty while it is searched for. */
        String owner = "";

        boolean searched;
        /** Whether an owner has sent what it knows. */
        boolean known;
        /** The last subscription. */
        Future<KeptJob> opening = Future.failedFuture("not asked for yet");

        Mirror(KeptJob job) {
            this.job = job;
        }
    }

    private final NodeContext node;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final Custody custody;
    private final Finder finder;
    private final Map<String, Mirror> mirrors = new HashMap<>();

    Mirrors(NodeContext node, KeptJobs kept, Gateways gateways, Custody custody, Finder finder) {
        this.node = node;
        this.kept = kept;
        this.gateways = gateways;
        this.custody = custody;
        this.finder = finder;
        gateways.onLost(name -> List.copyOf(mirrors.values()).stream()
                .filter(mirror -> mirror.owner.equals(name))
                .forEach(this::search));
        custody.onHold(job -> mirrors.remove(job.id()));
        custody.onLetGo(job -> {
            Mirror mirror = mirror(job);
            mirror.known = true;
            search(mirror);
        });
        node.vertx().setPeriodic(RENEW_MS, timer -> renew());
    }

    /** Mirrors a job from its owner. Completes when everything that the owner knows is known here. */
    Future<KeptJob> open(KeptJob job, String owner) {
        if (custody.holds(job.id())) {
            return Future.succeededFuture(kept.find(job.id()).orElse(job));
        }
        Mirror mirror = mirror(job);
        if (!mirror.opening.isComplete() && mirror.owner.equals(owner)) {
            return mirror.opening;
        }
        mirror.owner = owner;
        mirror.opening = subscribe(mirror).map(mirror.job);
        return mirror.opening.onSuccess(opened -> mirror.known = true).onFailure(problem -> {
            if (isCurrent(mirror) && mirror.owner.equals(owner)) {
                failed(mirror);
            }
        });
    }

    private void failed(Mirror mirror) {
        if (mirror.known || mirror.job.watchers() > 0) {
            search(mirror);
        } else if (!mirror.searched) {
            forget(mirror);
        }
    }

    private Future<Void> subscribe(Mirror mirror) {
        KeptJob job = mirror.job;
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
        return node.courier().deliver(gateways.address(mirror.owner).orElse(""), Parcel.of(watch));
    }

    /** The mirror of a job, which is new if there was none. */
    private Mirror mirror(KeptJob job) {
        Mirror mirror =
                mirrors.computeIfAbsent(job.id(), id -> new Mirror(kept.find(id).orElse(job)));
        kept.add(mirror.job);
        return mirror;
    }

    private boolean isCurrent(Mirror mirror) {
        return mirrors.get(mirror.job.id()) == mirror;
    }

    private void forget(Mirror mirror) {
        mirrors.remove(mirror.job.id());
        kept.remove(mirror.job.id());
    }

    /** Handles an event from an owner. */
    void on(JobTold told, List<Tensor> tensors) {
        Mirror mirror = mirrors.get(told.getJobId());
        if (mirror != null) {
            KeptJob job = mirror.job;
            byte[] image = tensors.isEmpty() ? new byte[0] : tensors.get(0).toBytes();
            RecordFormat.event(job.id(), job.spec(), told.getEvent(), image).ifPresent(job::on);
        }
    }

    /** Whether another gateway owns a job which is shown here. */
    boolean isMirrored(String job) {
        return mirrors.containsKey(job);
    }

    /** The other gateway that owns a job which is mirrored here; empty if none is known. */
    String owner(String job) {
        Mirror mirror = mirrors.get(job);
        return mirror == null ? "" : mirror.owner;
    }

    /** The subscription to a mirrored job of which nothing is known yet. */
    Optional<Future<KeptJob>> opening(String job) {
        return Optional.ofNullable(mirrors.get(job))
                .filter(mirror -> !mirror.known)
                .map(mirror -> mirror.opening);
    }

    private void renew() {
        for (Mirror mirror : List.copyOf(mirrors.values())) {
            if (mirror.job.idleMs() > IDLE_MS) {
                forget(mirror);
            } else if (!mirror.job.isOver() && !mirror.owner.isEmpty()) {
                open(mirror.job, mirror.owner);
            }
        }
    }

    private void search(Mirror mirror) {
        mirror.owner = "";
        if (mirror.job.idleMs() > IDLE_MS) {
            forget(mirror);
        } else if (!mirror.searched) {
            mirror.searched = true;
            search(mirror, System.currentTimeMillis() + GIVE_UP_MS);
        }
    }

    private void search(Mirror mirror, long untilMs) {
        node.vertx().setTimer(LOOK_MS, later -> {
            if (!isCurrent(mirror)) {
                return;
            }
            finder.show(mirror.job).onComplete(found -> {
                if (!isCurrent(mirror)) {
                    return;
                }
                if (found.succeeded()) {
                    mirror.searched = false;
                } else if (System.currentTimeMillis() < untilMs) {
                    search(mirror, untilMs);
                } else {
                    forget(mirror);
                    mirror.job.lose();
                }
            });
        });
    }
}
