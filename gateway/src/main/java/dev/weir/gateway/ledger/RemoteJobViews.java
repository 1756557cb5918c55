package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.JobTold;
import dev.weir.proto.v1.JobWatch;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Jobs of other gateways that clients ask for here. Their owners send their events for as long as somebody watches or
 * has just asked. If the owner is lost or has changed, the new one is searched for. A job that this gateway owns has no
 * view, and nothing that a former view still waits for changes it. Event loop of the gateway.
 */
final class RemoteJobViews {

    private static final long RENEW_MS = EventPublisher.LEASE.toMillis() / 3;
    private static final long IDLE_MS = 10_000;
    private static final long LOOK_MS = 250;
    private static final long GIVE_UP_MS = 30_000;

    /** A job of another gateway. */
    private static final class View {
        final KeptJob job;
        /** Empty while it is searched for. */
        String owner = "";

        boolean searched;
        /** Whether an owner has sent what it knows. */
        boolean known;
        /** The last subscription. */
        Promise<KeptJob> opening = Promise.promise();

        View(KeptJob job) {
            this.job = job;
            opening.fail("not asked for yet");
        }
    }

    private final NodeContext node;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final OwnedJobs owned;
    private final Function<KeptJob, Future<KeptJob>> finder;
    private final Map<String, View> views = new HashMap<>();

    /** @param finder makes a job available here, from its owner or as its owner; fails if there is none or nobody answers */
    RemoteJobViews(
            NodeContext node,
            KeptJobs kept,
            Gateways gateways,
            OwnedJobs owned,
            Function<KeptJob, Future<KeptJob>> finder) {
        this.node = node;
        this.kept = kept;
        this.gateways = gateways;
        this.owned = owned;
        this.finder = finder;
        gateways.onLost(name -> List.copyOf(views.values()).stream()
                .filter(view -> view.owner.equals(name))
                .forEach(this::search));
        owned.onHold(job -> views.remove(job.id()));
        owned.onLetGo(job -> {
            View view = view(job);
            view.known = true;
            search(view);
        });
        node.loop().every(RENEW_MS, this::renew);
    }

    /** Shows a job as its owner reports it. Completes when everything that the owner knows is known here. */
    Future<KeptJob> open(KeptJob job, String owner) {
        if (owned.holds(job.id())) {
            return Future.succeededFuture(kept.find(job.id()).orElse(job));
        }
        View view = view(job);
        if (!view.opening.future().isComplete() && view.owner.equals(owner)) {
            return view.opening.future();
        }
        view.owner = owner;
        Promise<KeptJob> opening = Promise.promise();
        view.opening = opening;
        subscribe(view)
                .onSuccess(known -> opening.tryComplete(view.job))
                .onFailure(problem -> opening.tryFail(problem));
        return opening.future().onSuccess(opened -> view.known = true).onFailure(problem -> {
            // A later subscription may have succeeded, to the same owner too.
            if (isCurrent(view) && view.opening == opening) {
                failed(view);
            }
        });
    }

    private void failed(View view) {
        if (view.known || view.job.watchers() > 0) {
            search(view);
        } else if (!view.searched) {
            forget(view);
        }
    }

    private Future<Void> subscribe(View view) {
        KeptJob job = view.job;
        List<Integer> have = IntStream.range(0, job.spec().samples())
                .filter(job::hasEnded)
                .boxed()
                .toList();
        JobWatch watch = JobWatch.newBuilder()
                .setJobId(job.id())
                .setAddress(Addresses.gateway(node.nodeId()))
                .setAfter(job.seq())
                .addAllHave(have)
                .setLeft(job.isAbandoned() && job.watchers() == 0)
                .build();
        return node.courier().deliver(gateways.address(view.owner).orElse(""), Parcel.of(watch));
    }

    /** The view of a job, which is new if there was none. */
    private View view(KeptJob job) {
        View view = views.computeIfAbsent(job.id(), id -> new View(kept.find(id).orElse(job)));
        kept.add(view.job);
        return view;
    }

    private boolean isCurrent(View view) {
        return views.get(view.job.id()) == view;
    }

    /** Shows a job no longer. */
    void forget(String job) {
        Optional.ofNullable(views.get(job)).ifPresent(this::forget);
    }

    private void forget(View view) {
        views.remove(view.job.id());
        kept.remove(view.job.id());
    }

    /** Handles an event from an owner. */
    void on(JobTold told, List<Tensor> tensors) {
        View view = views.get(told.getJobId());
        if (view != null) {
            KeptJob job = view.job;
            byte[] image = tensors.isEmpty() ? new byte[0] : tensors.get(0).toBytes();
            RecordFormat.event(job.id(), job.spec(), told.getEvent(), image)
                    .ifPresent(event -> on(view, event, told.getLastEnd()));
        }
    }

    /**
     * If the end of a sample got lost, nothing after it is reported before it has come: a client that comes back for what
     * follows the last number that it knows would never receive it.
     */
    private void on(View view, JobEvent event, long lastEnd) {
        if (view.job.lastEndBefore(event) >= lastEnd) {
            view.job.on(event);
        } else if (!view.owner.isEmpty()) {
            open(view.job, view.owner);
        }
    }

    /** Whether another gateway owns a job which is shown here. */
    boolean isRemote(String job) {
        return views.containsKey(job);
    }

    /** The other gateway that owns a job which is shown here; empty if none is known. */
    String owner(String job) {
        View view = views.get(job);
        return view == null ? "" : view.owner;
    }

    /** The subscription to a job of which nothing is known yet. */
    Optional<Future<KeptJob>> opening(String job) {
        return Optional.ofNullable(views.get(job)).filter(view -> !view.known).map(view -> view.opening.future());
    }

    private void renew() {
        for (View view : List.copyOf(views.values())) {
            if (view.job.idleMs() > IDLE_MS) {
                forget(view);
            } else {
                renew(view.job.id());
            }
        }
    }

    /** Tells the owner of a job, if it is shown here, what is known of it and whether it is watched. */
    void renew(String job) {
        View view = views.get(job);
        if (view != null && !view.job.isOver() && !view.owner.isEmpty()) {
            open(view.job, view.owner);
        }
    }

    private void search(View view) {
        view.owner = "";
        if (view.job.idleMs() > IDLE_MS) {
            forget(view);
        } else if (!view.searched) {
            view.searched = true;
            search(view, node.loop().nowMs() + GIVE_UP_MS);
        }
        // Whoever waits for the answer of the former owner need not wait any longer.
        view.opening.tryFail("its owner is searched for");
    }

    private void search(View view, long untilMs) {
        node.loop().after(LOOK_MS, () -> {
            if (!isCurrent(view)) {
                return;
            }
            finder.apply(view.job).onComplete(found -> {
                if (!isCurrent(view)) {
                    return;
                }
                if (found.succeeded()) {
                    view.searched = false;
                } else if (node.loop().nowMs() < untilMs) {
                    search(view, untilMs);
                } else {
                    forget(view);
                    view.job.lose();
                }
            });
        });
    }
}
