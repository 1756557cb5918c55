package dev.weir.runtime.ops;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The health of a node. Any thread.
 *
 * <p>Alive: no component has had work without progress for longer than its {@link Component#stallLimit}. Ready: started,
 * not draining, and of each name at least one component ready: a stage on two devices is ready while one of them works.
 */
public final class Health {

    private final Duration stallLimit;
    private final List<Component> components = new CopyOnWriteArrayList<>();
    private final List<Supplier<List<String>>> remarks = new CopyOnWriteArrayList<>();
    private final Promise<String> failed = Promise.promise();
    private volatile boolean started;
    private volatile boolean draining;

    public Health(Duration stallLimit) {
        this.stallLimit = stallLimit;
    }

    public void add(Component component) {
        components.add(component);
    }

    /** @param newRemarks what an operator should look at, although the node works; called at each probe, on any thread */
    public void remark(Supplier<List<String>> newRemarks) {
        remarks.add(newRemarks);
    }

    public List<String> remarks() {
        List<String> all = new ArrayList<>();
        byName().forEach((name, parts) -> {
            long ready = parts.stream().filter(Component::ready).count();
            if (started && !draining && ready > 0 && ready < parts.size()) {
                all.add("%s: %d of %d devices work".formatted(name, ready, parts.size()));
            }
        });
        remarks.forEach(more -> all.addAll(more.get()));
        return all;
    }

    public void remove(Component component) {
        components.remove(component);
    }

    /** Call it when every role is deployed. */
    public void started() {
        started = true;
    }

    /** The node cannot recover, for the given reason, and must be restarted. The first reason is kept. */
    public void fail(String reason) {
        failed.tryComplete(reason);
    }

    /** Completes with the reason once the node cannot recover. */
    public Future<String> failed() {
        return failed.future();
    }

    /** Why the node is not alive. Empty if it is. */
    public List<String> stalls() {
        if (failed().isComplete()) {
            return List.of(failed().result());
        }
        return components.stream()
                .filter(c -> c.stalledMs() > c.stallLimit(stallLimit).toMillis())
                .map(c -> "%s made no progress for %d ms".formatted(c.name(), c.stalledMs()))
                .toList();
    }

    /** Why the node accepts no work. Empty if it does. */
    public List<String> unready() {
        if (failed().isComplete()) {
            return List.of(failed().result());
        }
        if (draining) {
            return List.of("draining");
        }
        if (!started) {
            return List.of("starting");
        }
        return byName().entrySet().stream()
                .filter(parts -> parts.getValue().stream().noneMatch(Component::ready))
                .map(parts -> parts.getKey() + " is not ready")
                .toList();
    }

    private Map<String, List<Component>> byName() {
        return components.stream()
                .collect(Collectors.groupingBy(Component::name, LinkedHashMap::new, Collectors.toList()));
    }

    /**
     * Drains all components, those of the same order at once. Completes when the last one is done, even if some failed.
     */
    public Future<Void> drain(Duration deadline) {
        draining = true;
        long endNanos = System.nanoTime() + deadline.toNanos();
        SortedMap<Integer, List<Component>> orders =
                new TreeMap<>(components.stream().collect(Collectors.groupingBy(Component::drainOrder)));
        Future<Void> drained = Future.succeededFuture();
        for (List<Component> order : orders.values()) {
            drained = drained.transform(before -> {
                Duration left = Duration.ofNanos(Math.max(0, endNanos - System.nanoTime()));
                return Future.join(order.stream().map(c -> c.drain(left)).toList())
                        .mapEmpty();
            });
        }
        return drained;
    }
}
