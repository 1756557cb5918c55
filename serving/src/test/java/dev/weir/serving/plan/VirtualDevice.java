package dev.weir.serving.plan;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;
import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A device that takes no time: does what a planner says on a virtual clock, and keeps count. */
final class VirtualDevice {

    static final BatchKey SMALL = new BatchKey("model", new LatentShape(4, 16, 16), Signature.NONE);
    static final BatchKey LARGE = new BatchKey("model", new LatentShape(4, 32, 32), Signature.NONE);

    private static final long PATIENCE_MS = 600_000;

    final Map<Integer, Integer> stepsDone = new HashMap<>();
    final Map<String, Double> secondsByUser = new HashMap<>();
    final Map<BatchKey, Double> secondsByGroup = new HashMap<>();
    final List<Integer> finished = new ArrayList<>();
    private final Planner planner = new FairPlanner();
    private final Map<BatchKey, List<PlanRow<Integer>>> rows = new LinkedHashMap<>();
    private final Map<BatchKey, StepCurve> curves = new HashMap<>();
    private Shares shares;
    private double nowSeconds;
    private int arrivals;

    VirtualDevice(Map<String, Double> weights) {
        shares = Shares.start(weights);
    }

    VirtualDevice() {
        this(Map.of());
    }

    /** A curve with this cap, a forward of which takes so many seconds a row. */
    static StepCurve linear(int cap, double secondsPerRow) {
        StepCurve curve = StepCurve.unknown(cap);
        for (int rows = 1; rows <= cap; rows++) {
            curve = curve.after(rows, secondsPerRow * cap * (0.5 + 0.5 * rows / cap));
        }
        return curve;
    }

    void group(BatchKey group, StepCurve curve) {
        curves.put(group, curve);
    }

    int add(BatchKey group, String user, PriorityClass priority, int cost, int steps) {
        return add(group, user, priority, cost, steps, nowMs() + PATIENCE_MS);
    }

    int add(BatchKey group, String user, PriorityClass priority, int cost, int steps, long deadlineMs) {
        int key = arrivals++;
        rows.computeIfAbsent(group, g -> new ArrayList<>())
                .add(new PlanRow<>(key, cost, priority, user, deadlineMs, key, steps));
        return key;
    }

    PlanState<Integer> state() {
        List<Queue<Integer>> queues = new ArrayList<>();
        rows.forEach((group, list) -> queues.add(new Queue<>(group, curves.get(group), List.copyOf(list))));
        return new PlanState<>(List.copyOf(queues), shares, nowMs());
    }

    /** One forward; the keys of the rows that took part. */
    List<Integer> step() {
        PlanState<Integer> state = state();
        Plan<Integer> plan = planner.plan(state);
        carryOut(state, plan);
        return plan.chosen().stream().map(PlanRow::key).toList();
    }

    void carryOut(PlanState<Integer> state, Plan<Integer> plan) {
        if (plan.group() == null) {
            return;
        }
        double seconds = curves.get(plan.group()).seconds(plan.cost());
        nowSeconds += seconds;
        shares = shares.after(state, plan, seconds);
        secondsByGroup.merge(plan.group(), seconds, Double::sum);
        for (PlanRow<Integer> row : plan.chosen()) {
            stepsDone.merge(row.key(), 1, Integer::sum);
            secondsByUser.merge(row.user(), seconds * row.cost() / plan.cost(), Double::sum);
        }
        rows.values()
                .forEach(list -> list.replaceAll(row -> {
                    boolean chosen = plan.chosen().contains(row);
                    return row.after(
                            row.stepsLeft() - (chosen ? 1 : 0),
                            row.cost(),
                            chosen || row.running() && !plan.preempted().contains(row));
                }));
        rows.values().forEach(list -> list.removeIf(row -> row.stepsLeft() == 0 && finished.add(row.key())));
        rows.values().removeIf(List::isEmpty);
    }

    void cancel(int key) {
        rows.values().forEach(list -> list.removeIf(row -> row.key() == key));
        rows.values().removeIf(List::isEmpty);
    }

    boolean holds(int key) {
        return rows.values().stream().flatMap(List::stream).anyMatch(row -> row.key() == key);
    }

    boolean isIdle() {
        return rows.isEmpty();
    }

    long nowMs() {
        return (long) (1000 * nowSeconds);
    }
}
