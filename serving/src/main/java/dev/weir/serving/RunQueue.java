package dev.weir.serving;

import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.ForwardPace;
import dev.weir.runtime.stage.Load;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.serving.plan.BatchKey;
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
 * The samples that a stage holds, as a planner needs them, and the measurements of the device: who used it, and how
 * long its forward passes take. Owned by the device thread. It selects and runs nothing.
 */
final class RunQueue {

    /** For a task without a deadline. Without any deadline it could wait behind other samples of its user forever. */
    private static final long PATIENCE_MS = 600_000;

    private final int mostRows;
    private final Map<BatchKey, List<PlanRow<HeldSample>>> rows = new LinkedHashMap<>();
    private final Map<BatchKey, StepCurve> curves = new HashMap<>();
    private final Map<String, BatchKey> natives = new HashMap<>();
    private Shares shares;
    private long arrivals;

    /**
     * @param mostRows the maximum number of network rows of a forward pass
     * @param weights of users whose share is not 1
     */
    RunQueue(int mostRows, Map<String, Double> weights) {
        this.mostRows = mostRows;
        this.shares = Shares.start(weights);
    }

    void add(HeldSample sample, long nowMs) {
        Task task = sample.work().task();
        if (task.getUserWeight() > 0) {
            shares = shares.weighing(task.getUser(), task.getUserWeight());
        }
        var row = new PlanRow<>(
                sample,
                sample.cost(),
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

    /** All that is held of a model that is served no more, and is now forgotten with all that was learned of it. */
    List<HeldSample> removeModel(String model) {
        List<HeldSample> removed = rows.entrySet().stream()
                .filter(queue -> queue.getKey().model().equals(model))
                .flatMap(queue -> queue.getValue().stream())
                .map(PlanRow::key)
                .toList();
        rows.keySet().removeIf(group -> group.model().equals(model));
        curves.keySet().removeIf(group -> group.model().equals(model));
        natives.remove(model);
        return removed;
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

    StepCurve curve(BatchKey group) {
        return curves.computeIfAbsent(group, unseen -> StepCurve.unknown(mostRows));
    }

    void learn(BatchKey group, StepCurve curve) {
        curves.put(group, curve);
    }

    /** Enters the measurements of a model at its native size. */
    void profiled(BatchKey group, StepCurve curve) {
        natives.put(group.model(), group);
        learn(group, curve);
    }

    /** A part that was not profiled is measured by its rows. */
    void learns(DiffusionPart part) {
        BatchKey known = natives.get(part.card().id());
        if (known == null || !known.sample().equals(part.nativeShape())) {
            natives.put(part.card().id(), part.nativeKey());
        }
    }

    /** The load of the device with everything that is held. */
    Load load(PlanState<HeldSample> state) {
        Map<String, Double> rowSeconds = new HashMap<>();
        Map<String, ForwardPace> pace = new HashMap<>();
        natives.forEach((model, group) -> {
            rowSeconds.put(model, curve(group).secondsPerRow());
            pace.put(model, curve(group).pace());
        });
        return new Load(state.backlogSeconds(), state.roundSeconds(), state.cost(), rowSeconds, pace);
    }

    /**
     * Whether samples wait that have no room in the plan. A plan at its limit that leaves nobody waiting does not count: with few
     * rows for a full batch, one user's two images would already be without frames.
     */
    boolean isFull(PlanState<HeldSample> state, Plan<HeldSample> plan) {
        int held =
                state.groups().stream().mapToInt(queue -> queue.rows().size()).sum();
        return held > plan.chosen().size();
    }

    /** Enters a forward pass that was planned for the state, with its time in seconds. Finished samples leave. */
    void stepped(PlanState<HeldSample> state, Plan<HeldSample> plan, double seconds) {
        shares = shares.after(state, plan, seconds);
        learn(plan.group(), curve(plan.group()).after(plan.cost(), seconds));
        Set<HeldSample> chosen = samples(plan.chosen());
        Set<HeldSample> preempted = samples(plan.preempted());
        rows.values()
                .forEach(list -> list.replaceAll(row -> row.after(
                        row.key().stepsLeft(),
                        row.key().cost(),
                        chosen.contains(row.key()) || row.running() && !preempted.contains(row.key()))));
        removeIf(sample -> sample.row().isDone());
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
