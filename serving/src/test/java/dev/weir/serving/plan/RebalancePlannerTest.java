package dev.weir.serving.plan;

import static dev.weir.serving.plan.PriorityClass.BATCH;
import static dev.weir.serving.plan.PriorityClass.INTERACTIVE;
import static dev.weir.serving.plan.PriorityClass.STANDARD;
import static dev.weir.serving.plan.VirtualDevice.SMALL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.runtime.stage.Peer;
import dev.weir.serving.plan.RebalancePlanner.Moved;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is given to whom, by devices whose times are known; no device is waited for. */
final class RebalancePlannerTest {

    private static final double SECONDS = 0.1;
    private static final int STEPS = 50;
    private static final int CAP = 8;

    /** Each row costs as much as the one before. */
    private static final StepCurve LINEAR = curve(rows -> SECONDS * rows);
    /** A full batch takes as long as a row. */
    private static final StepCurve FLAT = curve(rows -> SECONDS * CAP);

    private final Random random = new Random(3);

    private interface Times {
        double seconds(int rows);
    }

    private static StepCurve curve(Times times) {
        StepCurve curve = StepCurve.unknown(CAP);
        for (int rows = 1; rows <= CAP; rows++) {
            curve = curve.after(rows, times.seconds(rows));
        }
        return curve;
    }

    @Test
    void aNodeThatJoinsGetsHalfOfWhatAnotherHolds() {
        assertThat(moved(LINEAR, rows(8, STEPS), idle("b"))).hasSize(4);
        assertThat(moved(LINEAR, rows(20, STEPS), idle("b"))).hasSize(10);
    }

    @Test
    void whatIsSharedStaysShared() {
        assertThat(moved(LINEAR, rows(4, STEPS), peer("b", 4, LINEAR))).isEmpty();
        assertThat(moved(LINEAR, rows(5, STEPS), peer("b", 3, LINEAR))).isEmpty();
        assertThat(moved(FLAT, rows(9, STEPS), peer("b", 7, FLAT))).isEmpty();
    }

    @Test
    void rowsThatCostNothingInTheirBatchStay() {
        assertThat(moved(FLAT, rows(8, STEPS), idle("b"))).isEmpty();
        assertThat(moved(FLAT, rows(5, STEPS), idle("b"), idle("c"))).isEmpty();
    }

    @Test
    void whatWaitsForAFullForwardIsMovedEvenWhereBatchesCostNothing() {
        assertThat(moved(FLAT, rows(16, STEPS), idle("b"))).hasSizeBetween(6, 8);
        assertThat(moved(FLAT, rows(16, STEPS), peer("b", 2, FLAT))).hasSizeBetween(3, 6);
    }

    @Test
    void samplesThatAreAboutToFinishStay() {
        List<PlanRow<Integer>> rows = new ArrayList<>(rows(4, 2));
        rows.addAll(rows(4, STEPS, 4));

        assertThat(moved(LINEAR, rows, idle("b"))).extracting(Moved::key).containsExactlyInAnyOrder(4, 5, 6, 7);
        assertThat(moved(LINEAR, rows(8, 2), idle("b"))).isEmpty();
    }

    @Test
    void aSmallDifferenceIsLeftAlone() {
        assertThat(moved(LINEAR, rows(8, STEPS), peer("b", 6, LINEAR))).isEmpty();
        assertThat(moved(LINEAR, rows(8, STEPS), peer("b", 12, LINEAR))).isEmpty();
        assertThat(moved(LINEAR, rows(1, STEPS), idle("b"))).isEmpty();
        int[] nineOfTen = {16, 16, 16, 16, 16, 16, 16, 16, 16, 0};
        assertThat(round(nineOfTen, 0)).isEmpty();
    }

    @Test
    void aNodeGetsNoMoreThanItHasRoomForAndOnlyOfModelsThatItServes() {
        assertThat(moved(LINEAR, rows(8, STEPS), new Peer("b", 0, 0, speed(LINEAR), 2)))
                .hasSize(2);
        assertThat(moved(LINEAR, rows(8, STEPS), new Peer("b", 0, 0, Map.of("another", SECONDS), 32)))
                .isEmpty();
    }

    @Test
    void aSlowNodeGetsLessAndOneThatIsTooSlowNothing() {
        StepCurve twice = curve(rows -> 2 * SECONDS * rows);
        StepCurve tenTimes = curve(rows -> 10 * SECONDS * rows);

        assertThat(moved(LINEAR, rows(8, STEPS), peer("b", 0, twice))).hasSize(2);
        assertThat(moved(LINEAR, rows(8, STEPS), peer("b", 0, tenTimes))).isEmpty();
    }

    @Test
    void guidedSamplesCountForTheirTwoRows() {
        List<PlanRow<Integer>> guided = rows(8, STEPS).stream()
                .map(row -> new PlanRow<>(row.key(), 2, row.priority(), "user", 0, row.arrival(), STEPS, false, false))
                .toList();

        assertThat(moved(LINEAR, guided, idle("b"))).hasSize(4);
    }

    @Test
    void whoWaitsForMoreUrgentOnesGoesFirst() {
        List<PlanRow<Integer>> rows = new ArrayList<>();
        for (int i = 0; i < CAP; i++) {
            rows.add(row(i, INTERACTIVE, STEPS, true));
        }
        rows.add(row(CAP, BATCH, STEPS, false));

        assertThat(moved(FLAT, rows, idle("b"))).extracting(Moved::key).containsExactly(CAP);
        assertThat(moved(LINEAR, rows, idle("b"))).first().satisfies(first -> assertThat(first.key())
                .isEqualTo(CAP));
    }

    @Test
    void whatItsOwnerHoldsFastStays() {
        assertThat(RebalancePlanner.plan(
                        state(LINEAR, rows(8, STEPS)), speed(LINEAR), List.of(idle("b")), key -> key == 3, random))
                .extracting(Moved::key)
                .containsExactly(3);
    }

    @Test
    void fourThatGiveAtOnceFillFourThatJoinEvenly() {
        int[] rows = {16, 16, 16, 16, 0, 0, 0, 0};
        int[] after = rows.clone();
        for (int node = 0; node < 4; node++) {
            for (Moved<Integer> move : round(rows, node)) {
                after[node]--;
                after[Integer.parseInt(move.to())]++;
            }
        }

        for (int node = 0; node < 8; node++) {
            assertThat(after[node]).isBetween(node < 4 ? 8 : 3, node < 4 ? 8 : 13);
        }
    }

    /** Samples come, run and end on three nodes, whose works are looked at in turn as the product does. */
    @Test
    void nothingGoesToAndFro() {
        Random arrivals = new Random(5);
        List<List<int[]>> nodes = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Set<Integer> keys = new HashSet<>();
        Map<Integer, Integer> moves = new HashMap<>();
        int next = 0;
        for (int second = 0; second < 600; second++) {
            for (int come = arrivals.nextInt(3); come > 0; come--) {
                keys.add(next);
                nodes.get(arrivals.nextInt(3)).add(new int[] {next++, 10 + arrivals.nextInt(30)});
            }
            for (List<int[]> node : nodes) {
                double budget = 1;
                for (int[] sample : node) {
                    sample[1] -= (int) Math.ceil(budget / (SECONDS * node.size()));
                }
                node.removeIf(sample -> sample[1] <= 0);
            }
            if (second % 3 == 0) {
                share(nodes, second / 3 % 3, moves);
            }
        }

        assertThat(moves.values()).isNotEmpty().allMatch(times -> times <= 3);
        assertThat(moves.values().stream().mapToInt(n -> n).sum()).isLessThan(keys.size() / 4);
    }

    private void share(List<List<int[]>> nodes, int giver, Map<Integer, Integer> moves) {
        List<PlanRow<Integer>> rows = nodes.get(giver).stream()
                .map(sample -> row(sample[0], STANDARD, sample[1], true))
                .toList();
        List<Peer> peers = new ArrayList<>();
        for (int other = 0; other < nodes.size(); other++) {
            if (other != giver) {
                peers.add(peer(String.valueOf(other), nodes.get(other).size(), LINEAR));
            }
        }
        for (Moved<Integer> move : moved(LINEAR, rows, peers.toArray(Peer[]::new))) {
            moves.merge(move.key(), 1, Integer::sum);
            nodes.get(giver).stream()
                    .filter(sample -> sample[0] == move.key())
                    .toList()
                    .forEach(sample -> {
                        nodes.get(giver).remove(sample);
                        nodes.get(Integer.parseInt(move.to())).add(sample);
                    });
        }
    }

    /** What a node of several gives, that have so many rows each. */
    private List<Moved<Integer>> round(int[] rows, int node) {
        return moved(LINEAR, rows(rows[node], STEPS), peers(rows, node));
    }

    private static Peer[] peers(int[] rows, int but) {
        List<Peer> peers = new ArrayList<>();
        for (int node = 0; node < rows.length; node++) {
            if (node != but) {
                peers.add(peer(String.valueOf(node), rows[node], LINEAR));
            }
        }
        return peers.toArray(Peer[]::new);
    }

    private List<Moved<Integer>> moved(StepCurve curve, List<PlanRow<Integer>> rows, Peer... peers) {
        return RebalancePlanner.plan(state(curve, rows), speed(curve), List.of(peers), key -> true, random);
    }

    private static PlanState<Integer> state(StepCurve curve, List<PlanRow<Integer>> rows) {
        return new PlanState<>(List.of(new PlanState.Queue<>(SMALL, curve, rows)), Shares.start(Map.of()), 0);
    }

    private static Map<String, Double> speed(StepCurve curve) {
        return Map.of(SMALL.model(), curve.secondsPerRow());
    }

    private static Peer idle(String address) {
        return peer(address, 0, LINEAR);
    }

    private static Peer peer(String address, int rows, StepCurve curve) {
        return new Peer(address, curve.round(rows), rows, speed(curve), 32);
    }

    private static List<PlanRow<Integer>> rows(int count, int stepsLeft) {
        return rows(count, stepsLeft, 0);
    }

    private static List<PlanRow<Integer>> rows(int count, int stepsLeft, int firstKey) {
        List<PlanRow<Integer>> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(row(firstKey + i, STANDARD, stepsLeft, i < CAP));
        }
        return rows;
    }

    private static PlanRow<Integer> row(int key, PriorityClass priority, int stepsLeft, boolean running) {
        return new PlanRow<>(key, 1, priority, "user", 0, key, stepsLeft, running, running);
    }
}
