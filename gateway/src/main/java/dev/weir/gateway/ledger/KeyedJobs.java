package dev.weir.gateway.ledger;

import com.google.protobuf.ByteString;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.proto.v1.KeyRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import java.util.function.Function;

/** Requests with an idempotency key: equal requests are one job. Event loop of the gateway. */
final class KeyedJobs {

    private static final long LOOK_AGAIN_MS = 100;
    /**
     * A key is bound before its job is recorded. After this time the job is taken for one that never will be: its
     * gateway has died, or its record got no answer. It is longer than a claim, images, a record and a read may take one after
     * another. If such a record appears later after all, and its gateway dies before it takes it back, a second job of
     * the key may run.
     */
    private static final long UNRECORDED_MS = 12_000;

    private final Loop loop;
    private final IdempotencyKeys keys;
    private final OwnedJobs owned;
    private final Function<String, Future<KeptJob>> finder;

    KeyedJobs(Loop loop, IdempotencyKeys keys, OwnedJobs owned, Function<String, Future<KeptJob>> finder) {
        this.loop = loop;
        this.keys = keys;
        this.owned = owned;
        this.finder = finder;
    }

    Future<KeptJob> submit(JobSpec spec, String key, byte[] request) {
        String id = owned.newId();
        return keys.claim(key, id, request, loop.nowMs())
                .recover(problem -> Future.failedFuture(
                        OwnedJobs.unavailable("the idempotency key could not be looked up: " + problem.getMessage())))
                .compose(bound -> {
                    if (bound.getJobId().equals(id)) {
                        return begin(bound, spec, key);
                    }
                    if (!bound.getRequest().equals(ByteString.copyFrom(request))) {
                        return Future.failedFuture(new ReusedKeyException());
                    }
                    return find(bound, spec, key, request);
                });
    }

    /** A job that may be recorded after all may be adopted and found by others. So its key remains bound for a while. */
    private Future<KeptJob> begin(KeyRecord bound, JobSpec spec, String key) {
        String id = bound.getJobId();
        return owned.submit(id, spec).onFailure(refused -> {
            if (!owned.isUnborn(id)) {
                keys.free(key, bound);
            }
        });
    }

    private Future<KeptJob> find(KeyRecord bound, JobSpec spec, String key, byte[] request) {
        return finder.apply(bound.getJobId()).recover(problem -> {
            if (!(problem instanceof UnknownJobException)) {
                return Future.failedFuture(problem);
            }
            long age = loop.nowMs() - bound.getCreatedMs();
            if (age < UNRECORDED_MS) {
                return loop.pause(LOOK_AGAIN_MS).compose(later -> submit(spec, key, request));
            }
            String id = owned.newId();
            return keys.rebind(key, bound, id, loop.nowMs())
                    .compose(rebound ->
                            rebound.map(mine -> begin(mine, spec, key)).orElseGet(() -> submit(spec, key, request)));
        });
    }
}
