package dev.weir.runtime.cluster;

import io.vertx.core.Completable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The last known answers of the cluster's data: who listens at an address, or where a node is reached. One member holds
 * each entry. While that member is frozen or partitioned it answers nobody, for up to 10 s, and every message to the
 * address would wait. So if no answer comes soon, or none at all, the last answer is used. Bounded; any thread.
 */
final class LookupCache<T> {

    private static final long SOON_MS = 250;
    private static final int MOST = 8192;

    private final Map<String, T> known = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, T> eldest) {
            return size() > MOST;
        }
    });

    /**
     * Completes with the current answer, or with the last known one. On the caller's context.
     *
     * @param late called with an answer that arrives after the last known one was used
     */
    void answer(Vertx vertx, String name, Future<T> asked, Completable<T> done, Consumer<T> late) {
        Context caller = vertx.getOrCreateContext();
        Promise<T> told = Promise.promise();
        told.future().onComplete(done);
        T before = known.get(name);
        asked.onSuccess(now -> {
            known.put(name, now);
            caller.runOnContext(v -> {
                if (!told.tryComplete(now)) {
                    late.accept(now);
                }
            });
        });
        if (before == null) {
            asked.onFailure(problem -> caller.runOnContext(v -> told.tryFail(problem)));
        } else {
            asked.onFailure(problem -> caller.runOnContext(v -> told.tryComplete(before)));
            vertx.setTimer(SOON_MS, soon -> caller.runOnContext(v -> told.tryComplete(before)));
        }
    }
}
