package dev.weir.serving;

import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.serving.plan.Group;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanRow;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.PlanState.Queue;
import dev.weir.serving.plan.PriorityClass;
import dev.weir.serving.plan.Shares;
import dev.weir.serving.plan.StepCurve;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The samples that a stage holds, in the terms of a planner, and what was learned of the device: who used it, and how long its
 * forwards take. Owned by the device thread. It chooses nothing and runs nothing.
 */
final class Roster {

    /** For a task without a deadline; without any, it could wait behind its user's others for ever. */
    private static final long PATIENCE_MS = 600_000;

    private final int mostRows;
    private final Map<Group, List<PlanRow<HeldSample>>> rows = new LinkedHashMap<>();
    private final Map<Group, StepCurve> curves = new HashMap<>();
    private Shares shares;
    private long arrivals;

    /**
     * @param mostRows network rows that a forward may ever have
     * @param weights of users whose share is not 1
     */
    Roster(int mostRows, Map<String, Double> weights) {
        this.mostRows = mostRows;
        this.shares = Shares.start(weights);
    }

    void add(HeldSample sample, long nowMs) {
        Task task = sample.work().task();
        var row = new PlanRow<>(
                sample,
                sample.row().cost(),
                priority(task),
                task.getUser(),
                task.getDeadlineMs() > 0 ? task.getDeadlineMs() : nowMs + PATIENCE_MS,
                arrivals++,
                sample.stepsLeft());
        rows.computeIfAbsent(sample.group(), group -> new ArrayList<>()).add(row);
    }

    void removeIf(Predicate<HeldSample> condition) {
        rows.values().forEach(list -> list.removeIf(row -> condition.test(row.key())));
        rows.values().removeIf(List::isEmpty);
    }

    Optional<HeldSample> find(SampleKey key) {
        return rows.values().stream()
                .flatMap(List::stream)
                .map(PlanRow::key)
                .filter(sample -> sample.work().key().equals(key))
                .findFirst();
    }

    PlanState<HeldSample> state(long nowMs) {
        List<Queue<HeldSample>> queues = new ArrayList<>(rows.size());
        rows.forEach((group, list) -> queues.add(new Queue<>(group, curve(group), List.copyOf(list))));
        return new PlanState<>(List.copyOf(queues), shares, nowMs);
    }

    StepCurve curve(Group group) {
        return curves.computeIfAbsent(group, unseen -> StepCurve.unknown(mostRows));
    }

    void learn(Group group, StepCurve curve) {
        curves.put(group, curve);
    }

    /** Whether the device has no room for more than it is planned to do. */
    boolean isFull(PlanState<HeldSample> state, Plan<HeldSample> plan) {
        int held =
                state.groups().stream().mapToInt(queue -> queue.rows().size()).sum();
        return held > plan.chosen().size() || plan.cost() >= curve(plan.group()).cap();
    }

    /** Enters a forward that was planned for the state and took so many seconds; finished samples leave. */
    void stepped(PlanState<HeldSample> state, Plan<HeldSample> plan, double seconds) {
        shares = shares.after(state, plan, seconds);
        learn(plan.group(), curve(plan.group()).after(plan.cost(), seconds));
        Set<HeldSample> chosen = samples(plan.chosen());
        Set<HeldSample> preempted = samples(plan.preempted());
        rows.values()
                .forEach(list -> list.replaceAll(row -> row.after(
                        row.key().stepsLeft(),
                        chosen.contains(row.key()) || row.running() && !preempted.contains(row.key()))));
        removeIf(sample -> sample.row().isDone());
    }

    /** Seconds until all that is held is through, were nothing to come. */
    double backlogSeconds() {
        double seconds = 0;
        for (var entry : rows.entrySet()) {
            StepCurve curve = curve(entry.getKey());
            int left = entry.getValue().stream()
                    .mapToInt(row -> row.stepsLeft() * row.cost())
                    .sum();
            seconds += curve.seconds(curve.cap()) / curve.cap() * left;
        }
        return seconds;
    }

    private static Set<HeldSample> samples(List<PlanRow<HeldSample>> rows) {
        Set<HeldSample> samples = Collections.newSetFromMap(new IdentityHashMap<>());
        rows.forEach(row -> samples.add(row.key()));
        return samples;
    }

    private static PriorityClass priority(Task task) {
        return switch (task.getPriority()) {
            case INTERACTIVE -> PriorityClass.INTERACTIVE;
            case BATCH -> PriorityClass.BATCH;
            case STANDARD, UNRECOGNIZED -> PriorityClass.STANDARD;
        };
    }
}
