package dev.weir.serving.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;
import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold of every plan, in some thousand random lives of a device. The scenario's number is its seed. */
final class PlannerScenariosTest {

    private static final int SCENARIOS = 1000;
    /** In half of the lives all deadlines are nearer. */
    private static final int NEAR_MS = 20_100;

    private static final int FAR_MS = 600_000;

    private final FairPlanner planner = new FairPlanner();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void everyPlanKeepsTheRulesAndEveryRowIsDone(int thousand) {
        for (int scenario = 0; scenario < SCENARIOS; scenario++) {
            int seed = thousand * SCENARIOS + scenario;
            try {
                live(new Random(seed));
            } catch (AssertionError e) {
                throw new AssertionError("scenario " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private void live(Random random) {
        VirtualDevice device = new VirtualDevice();
        List<BatchKey> groups = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            BatchKey group = new BatchKey("model " + i, new LatentShape(4, 16 << i, 16), Signature.NONE);
            device.group(group, VirtualDevice.linear(1 + random.nextInt(12), 0.005 * (1 + random.nextInt(8))));
            groups.add(group);
        }
        int forwards = random.nextInt(60);
        double load = 0.8 * random.nextDouble();
        boolean hasNearDeadlines = random.nextBoolean();
        int asked = 0;
        for (int forward = 0; forward < forwards; forward++) {
            while (random.nextDouble() < load) {
                asked += add(device, groups, random, hasNearDeadlines);
            }
            if (random.nextInt(10) == 0 && asked > 0) {
                device.cancel(random.nextInt(asked));
            }
            check(device, random);
        }
        int work = device.state().groups().stream()
                .flatMap(queue -> queue.rows().stream())
                .mapToInt(PlanRow::stepsLeft)
                .sum();
        for (int forward = 0; !device.isIdle(); forward++) {
            require(forward <= work, "every forward does a step of something");
            check(device, random);
        }
        assertThat(device.finished).doesNotHaveDuplicates();
    }

    private static int add(VirtualDevice device, List<BatchKey> groups, Random random, boolean isNear) {
        PriorityClass[] classes = PriorityClass.values();
        device.add(
                groups.get(random.nextInt(groups.size())),
                "user " + random.nextInt(4),
                classes[random.nextInt(classes.length)],
                1 + random.nextInt(2),
                1 + random.nextInt(20),
                device.nowMs() + (isNear ? 100 + random.nextInt(20_000) : FAR_MS));
        return 1;
    }

    private void check(VirtualDevice device, Random random) {
        PlanState<Integer> state = device.state();
        Plan<Integer> plan = planner.plan(state);
        if (random.nextInt(4) == 0) {
            require(planner.plan(shuffled(state, random)).equals(plan), "the order of rows makes no difference");
        }
        if (device.isIdle()) {
            require(plan.equals(Plan.nothing()), "nothing to do");
            return;
        }
        Queue<Integer> turn = state.groups().stream()
                .filter(queue -> queue.group().equals(plan.group()))
                .findFirst()
                .orElseThrow();
        Set<PlanRow<Integer>> left = new HashSet<>(turn.rows());
        require(
                !plan.chosen().isEmpty() && plan.chosen().stream().allMatch(left::remove),
                "rows of the group, each once");
        int room = turn.curve().cap() - plan.cost();
        require(room >= 0 || plan.chosen().size() == 1, "within the cap, but for one alone");
        require(room <= 0 || left.isEmpty() || left.stream().anyMatch(row -> row.cost() > room), "no room is wasted");
        require(
                plan.preempted().stream()
                        .allMatch(row -> row.running() && !plan.chosen().contains(row)),
                "who is preempted ran and runs no more");
        checkOrder(state, plan, turn, left);
        device.carryOut(state, plan);
    }

    /** Of one user's of a class that have not begun, nobody is due before who begins now. */
    private static void checkOrder(
            PlanState<Integer> state, Plan<Integer> plan, Queue<Integer> turn, Set<PlanRow<Integer>> left) {
        for (PlanRow<Integer> chosen : plan.chosen()) {
            if (chosen.begun()) {
                continue;
            }
            require(
                    left.stream()
                            .noneMatch(row -> row.user().equals(chosen.user())
                                    && row.priority() == chosen.priority()
                                    && !row.begun()
                                    && isBefore(row, chosen, turn, state)),
                    "in the order in which they are due");
        }
    }

    /** Where deadlines are near, the nearer one that can be met; where all are far, whoever came no later and has no more work. */
    private static boolean isBefore(
            PlanRow<Integer> row, PlanRow<Integer> other, Queue<Integer> turn, PlanState<Integer> state) {
        double work = seconds(row, turn);
        if (row.deadlineMs() - state.nowMs() <= NEAR_MS) {
            return row.deadlineMs() < other.deadlineMs() && state.nowMs() + 1000 * work <= row.deadlineMs();
        }
        boolean isNoLater = row.deadlineMs() <= other.deadlineMs() && work <= seconds(other, turn);
        return isNoLater && (row.deadlineMs() < other.deadlineMs() || work < seconds(other, turn));
    }

    private static double seconds(PlanRow<Integer> row, Queue<Integer> turn) {
        int rows = Math.max(row.cost(), Math.min(turn.curve().cap(), turn.cost()));
        return row.stepsLeft() * turn.curve().seconds(rows);
    }

    /** Millions of these are checked: cheaper than a fluent assertion. */
    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new AssertionError(rule);
        }
    }

    private static PlanState<Integer> shuffled(PlanState<Integer> state, Random random) {
        List<Queue<Integer>> queues = new ArrayList<>();
        for (Queue<Integer> queue : state.groups()) {
            List<PlanRow<Integer>> rows = new ArrayList<>(queue.rows());
            Collections.shuffle(rows, random);
            queues.add(new Queue<>(queue.group(), queue.curve(), rows));
        }
        return new PlanState<>(queues, state.shares(), state.nowMs());
    }
}
