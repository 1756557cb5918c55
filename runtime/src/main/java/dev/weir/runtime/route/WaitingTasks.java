package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.route.WaitingTask.Turn;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The queue of {@link OfferDispatcher}. A gateway of a large cluster may have thousands of tasks here and hear thousands of statuses per
 * second. So tasks with equal needs stand together, and are only looked at one by one when nodes have room. One thread only.
 */
final class WaitingTasks {

    private final Map<Need, NavigableMap<Turn, WaitingTask>> byNeed = new LinkedHashMap<>();
    private final Map<String, Set<WaitingTask>> byJob = new HashMap<>();

    void add(WaitingTask task) {
        byNeed.computeIfAbsent(task.need, need -> new TreeMap<>()).put(task.turn, task);
        byJob.computeIfAbsent(job(task), job -> new LinkedHashSet<>()).add(task);
    }

    void remove(WaitingTask task) {
        byNeed.computeIfPresent(task.need, (need, queue) -> {
            queue.remove(task.turn);
            return queue.isEmpty() ? null : queue;
        });
        byJob.computeIfPresent(job(task), (job, tasks) -> {
            tasks.remove(task);
            return tasks.isEmpty() ? null : tasks;
        });
    }

    boolean isEmpty() {
        return byNeed.isEmpty();
    }

    /** Whether a node could do one of them if it had room. */
    boolean anyFor(NodeStatus node) {
        return byNeed.keySet().stream().anyMatch(need -> need.servedBy(node));
    }

    /** A copy; those of one need stand together, in turn. */
    List<WaitingTask> all() {
        return byNeed.values().stream()
                .flatMap(queue -> queue.values().stream())
                .toList();
    }

    /** A copy. */
    List<WaitingTask> ofJob(String job) {
        return List.copyOf(byJob.getOrDefault(job, Set.of()));
    }

    /**
     * Goes through them in turn.
     *
     * @param goesOn is told of a task, which it may remove; after false, it is not told of others with the same need
     */
    void inTurn(Predicate<WaitingTask> goesOn) {
        NavigableMap<Turn, NavigableMap<Turn, WaitingTask>> next = new TreeMap<>();
        byNeed.values().forEach(queue -> next.put(queue.firstKey(), queue));
        while (!next.isEmpty()) {
            Turn turn = next.firstKey();
            NavigableMap<Turn, WaitingTask> queue = next.remove(turn);
            WaitingTask task = queue.get(turn);
            if (task == null || goesOn.test(task)) {
                Turn following = queue.higherKey(turn);
                if (following != null) {
                    next.put(following, queue);
                }
            }
        }
    }

    private static String job(WaitingTask task) {
        return task.task.getRef().getJobId();
    }
}
