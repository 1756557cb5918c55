package dev.weir.gateway.ledger;

import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scans the ledger for unfinished jobs whose owner is dead, and adopts them: at start, when a gateway is lost, until one
 * scan got an answer for every job, and now and then. All gateways scan, each in its own order, so that they share the work.
 * Event loop of the gateway.
 */
final class Orphans {

    private static final Logger log = LoggerFactory.getLogger(Orphans.class);
    private static final long EVERY_MS = 10_000;
    private static final long AGAIN_MS = 250;
    private static final int AT_ONCE = 32;
    private static final String NOBODY = "";

    private final Loop loop;
    private final Ledger ledger;
    private final Gateways gateways;
    private final OwnedJobs owned;
    private final Adoption adoption;
    private final Random order;
    /** By job, as it was last read. Finished jobs have no owner. */
    private final Map<String, String> owners = new HashMap<>();

    private boolean looking;
    private boolean again;
    /** Whether the last scan missed a job. The first of several such scans is logged. */
    private boolean incomplete;

    Orphans(Loop loop, Ledger ledger, Gateways gateways, OwnedJobs owned, Adoption adoption, Random order) {
        this.loop = loop;
        this.ledger = ledger;
        this.gateways = gateways;
        this.owned = owned;
        this.adoption = adoption;
        this.order = order;
        gateways.onLost(name -> look());
        adoption.onDoubt(this::doubt);
        loop.every(EVERY_MS, this::look);
        lookAgain();
    }

    /** The record of a job may be this gateway's, though it was another's when it was last read. */
    void doubt(String job) {
        if (owners.remove(job) != null) {
            lookAgain();
        }
    }

    private void look() {
        if (looking) {
            again = true;
            return;
        }
        if (!adoption.isPossible()) {
            lookAgain();
            return;
        }
        looking = true;
        again = false;
        List<Future<Set<String>>> parts = ledger.ids();
        Future.all(parts).onSuccess(all -> {
            Set<String> ids = new HashSet<>();
            all.<Set<String>>list().forEach(ids::addAll);
            owners.keySet().retainAll(ids);
        });
        Future.join(parts.stream().map(ids -> ids.compose(this::lookAt)).toList())
                .onComplete(done -> {
                    looking = false;
                    if (done.failed() && !incomplete) {
                        log.info(
                                "Not every job in the ledger could be read: {}",
                                done.cause().getMessage());
                    }
                    incomplete = done.failed();
                    if (again || done.failed()) {
                        lookAgain();
                    }
                });
    }

    private void lookAgain() {
        loop.after(AGAIN_MS, this::look);
    }

    private Future<Void> lookAt(Set<String> ids) {
        List<String> jobs =
                new ArrayList<>(ids.stream().filter(this::mayBeOrphan).toList());
        Collections.shuffle(jobs, order);
        return lookAt(jobs, 0);
    }

    /** Handles the rest of the list, several jobs at a time. Fails at the end if one of them failed. */
    private Future<Void> lookAt(List<String> jobs, int from) {
        if (from >= jobs.size()) {
            return Future.succeededFuture();
        }
        int to = Math.min(jobs.size(), from + AT_ONCE);
        Future<Void> some = Future.<Void>join(
                        jobs.subList(from, to).stream().map(this::lookAt).toList())
                .mapEmpty();
        return some.transform(these -> lookAt(jobs, to)
                .compose(rest -> these.succeeded() ? Future.succeededFuture() : Future.failedFuture(these.cause())));
    }

    private boolean mayBeOrphan(String job) {
        String owner = owners.get(job);
        return !owned.holds(job)
                && !owned.isUnborn(job)
                && (owner == null || !owner.equals(NOBODY) && !isElsewhere(owner));
    }

    private boolean isElsewhere(String owner) {
        return gateways.isAlive(owner) && !gateways.isSelf(owner);
    }

    private Future<Void> lookAt(String job) {
        return ledger.find(job).compose(found -> {
            if (found.isEmpty()) {
                return Future.succeededFuture();
            }
            boolean over = Ledger.isOver(found.get().record());
            String owner = found.get().record().getOwner();
            owners.put(job, over ? NOBODY : owner);
            return over || isElsewhere(owner) || owned.holds(job)
                    ? Future.succeededFuture()
                    : adoption.adopt(found.get())
                            .compose(adopted -> adopted.isPresent()
                                    ? Future.succeededFuture()
                                    : Future.failedFuture("its record changed meanwhile"));
        });
    }
}
