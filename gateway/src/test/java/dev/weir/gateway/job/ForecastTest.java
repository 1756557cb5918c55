package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.gateway.TestCards;
import dev.weir.gateway.job.Demand.Work;
import dev.weir.gateway.job.Queue.Place;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.route.NodeDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Places in the queue and times left, against devices that work on a clock of their own. */
final class ForecastTest {

    private static final ModelCard CARD = ModelCard.newBuilder()
            .addWorkflows(TestCards.textToImage(32, 64, 8, 64))
            .build();
    private static final int STEPS = 20;
    private static final int LONG = 10_000;
    private static final double FULL = 0.1;
    private static final double LONE = 0.03;
    private static final int ROWS = 16;
    private static final double AROUND = 0.05; // of the text encoder and the decoder

    private final List<NodeStatus> nodes = new ArrayList<>();
    private final Queue queue = new Queue(new ModelCatalog(new FixedDirectory(), System::nanoTime));

    @BeforeEach
    void start() {
        serve(StageKind.TEXT_ENCODER, "t", 0, "a", "b");
        serve(StageKind.DECODER, "v", 0, "a", "b");
    }

    @Test
    void fortyJobsAtOnceAreToldRisingPositionsAndTheirRealEnds() {
        denoiser("d", "a");
        List<Demand> demands = jobs(40, "a", 2);
        List<Place> places = queue.places(demands);
        double[] real = ends(demands, 1);
        for (int i = 0; i < 40; i++) {
            assertThat(places.get(i).ahead()).isEqualTo(i);
            assertThat(places.get(i).seconds()).as("job " + i).isCloseTo(real[i], within(AROUND * 3));
        }
        assertThat(places.get(39).seconds()).isGreaterThan(4 * places.get(0).seconds());
    }

    @Test
    void severalNodesShareTheQueue() {
        denoiser("d1", "a");
        denoiser("d2", "a");
        List<Demand> demands = jobs(40, "a", 2);

        double[] real = ends(demands, 2);
        List<Place> places = queue.places(demands);

        for (int i = 0; i < 40; i++) {
            assertThat(places.get(i).seconds()).as("job " + i).isCloseTo(real[i], within(STEPS * FULL + AROUND * 3));
        }
        assertThat(places.get(39).seconds()).isCloseTo(real[39], within(AROUND * 3));
    }

    @Test
    void manyNodesTakeTheSameShare() {
        IntStream.range(0, 40).forEach(i -> denoiser("d" + i, "a"));
        List<Place> places = queue.places(jobs(40 * ROWS, "a", 2));
        assertThat(places).filteredOn(p -> p.seconds() < 1.5 * STEPS * FULL).hasSize(20 * ROWS);
    }

    @Test
    void unguidedSamplesShareAForwardWithTwiceAsMany() {
        denoiser("d", "a");

        assertThat(last(jobs(32, "a", 1))).isCloseTo(2 * STEPS * FULL, within(AROUND * 3));
        assertThat(last(jobs(32, "a", 2))).isCloseTo(4 * STEPS * FULL, within(AROUND * 3));
    }

    /**
     * After each half of a run, samples begin in the rows that are free then: 8, 4, 6, 5, 5 and 4 of them. So the last is done after 3.5
     * runs. With guidance in all steps it would be 4.
     */
    @Test
    void stepsWithoutGuidanceTakeOneRow() {
        denoiser("d", "a");
        List<Demand> half = jobs(32, "a", 2).stream()
                .map(ForecastTest::guidedHalfOfTheSteps)
                .toList();

        assertThat(last(half)).isCloseTo(3.5 * STEPS * FULL, within(AROUND * 3));
        assertThat(half.get(0).toProto())
                .as("as other gateways read it")
                .satisfies(sample -> assertThat(Demand.of(sample)).isEqualTo(half.get(0)));
    }

    private static Demand guidedHalfOfTheSteps(Demand demand) {
        List<Work> work = demand.work().stream()
                .map(left -> new Work(left.stage(), left.phase(), left.forwards(), left.rows(), left.forwards() / 2, 1))
                .toList();
        return new Demand(demand.model(), demand.priority(), demand.user(), demand.createdMs(), demand.begun(), work);
    }

    @Test
    void aLoneSampleIsAsQuickAsALoneForward() {
        denoiser("d", "a");

        assertThat(last(jobs(1, "a", 2))).isCloseTo(STEPS * LONE, within(AROUND * 3));
    }

    @Test
    void whatRunsIsAheadInTimeAndNotInTheQueue() {
        denoiser("d", "a");
        List<Demand> demands = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            demands.add(demand("a", Priority.STANDARD, "", i, true, 5, 2));
        }
        demands.add(demand("a", Priority.STANDARD, "", 9, false, STEPS, 2));

        Place place = queue.places(demands).get(8);

        assertThat(place.ahead()).isZero();
        assertThat(place.seconds()).isCloseTo((5 + STEPS) * FULL, within(AROUND * 3));
    }

    @Test
    void positionsFallAsTheWorkGoesOn() {
        denoiser("d", "a");
        List<Demand> demands = new ArrayList<>(jobs(20, "a", 2));
        List<Integer> positions = new ArrayList<>();
        for (int begun = 0; begun < 19; begun++) {
            positions.add(queue.places(demands).get(19).ahead());
            demands.set(begun, demand("a", Priority.STANDARD, "", begun, true, STEPS, 2));
        }

        assertThat(positions)
                .isEqualTo(IntStream.range(0, 19).mapToObj(i -> 19 - i).toList());
    }

    @Test
    void modelsOnTheSameNodesWaitForEachOtherAndOthersDoNot() {
        denoiser("d", "a", "b");
        List<Demand> demands = new ArrayList<>(jobs(16, "a", 2));
        demands.add(demand("b", Priority.STANDARD, "", 100, false, STEPS, 2));

        assertThat(queue.places(demands).get(16).ahead()).isEqualTo(16);
        assertThat(queue.places(demands).get(16).seconds())
                .as("as long again, in turns with the other model")
                .isBetween(2 * STEPS * LONE, 2 * STEPS * LONE + FULL + AROUND * 3);

        nodes.removeIf(node -> node.getStage() == StageKind.DENOISER);
        denoiser("d1", "a");
        denoiser("d2", "b");

        assertThat(queue.places(demands).get(16).ahead()).isZero();
        assertThat(queue.places(demands).get(16).seconds()).isLessThan(STEPS * FULL);
    }

    /** Groups take turns by device time, so the wait for another one is as long as the own work at most, and a forward pass. */
    @Test
    void aLongJobOfAnotherModelIsNotAheadAsAWhole() {
        denoiser("d", "a", "b");
        List<Demand> demands = new ArrayList<>(List.of(demand("a", Priority.STANDARD, "", 0, true, LONG, 2)));

        assertThat(coming(demands, "b", 1, 4)).isCloseTo(2 * 4 * LONE, within(2 * FULL));
        assertThat(coming(demands, "b", 400, 4)).isCloseTo(2 * 50 * 4 * FULL, within(2 * FULL));
        assertThat(coming(demands, "b", 400, LONG)).isCloseTo(50 * LONG * FULL + LONG * LONE, within(2 * FULL));
        assertThat(coming(demands, "b", 1, 4, Priority.BATCH))
                .as("the planner lets no class wait for more than fifteen of its full passes")
                .isCloseTo(4 * LONE + 4 * 15 * FULL, within(2 * FULL));
        assertThat(coming(demands, "b", 1, 4, Priority.INTERACTIVE)).isLessThan(4 * LONE + 2 * FULL);
        demands.add(demand("b", Priority.STANDARD, "", 1, true, 4, 2));
        assertThat(queue.places(demands).get(0).seconds())
                .as("the long one has little to wait for")
                .isCloseTo((LONG + 4) * LONE, within(2 * FULL));
    }

    @Test
    void aLongJobOfTheSameModelSharesForwardPassesUntilTheyAreFull() {
        denoiser("d", "a");
        List<Demand> demands = new ArrayList<>(List.of(demand("a", Priority.STANDARD, "", 0, true, LONG, 2)));

        assertThat(coming(demands, "a", 1, 4)).isLessThan(5 * FULL);
        for (int i = 1; i < ROWS / 2; i++) {
            demands.add(demand("a", Priority.STANDARD, "", i, true, LONG, 2));
        }
        assertThat(coming(demands, "a", 1, 4)).as("a short one passes them").isLessThanOrEqualTo(5 * FULL);
        assertThat(coming(demands, "a", 1, LONG)).isCloseTo(2 * LONG * FULL, within(2 * FULL));
    }

    @Test
    void moreUsersOfAnotherModelHaveMoreTurns() {
        denoiser("d", "a", "b");
        List<Demand> demands = IntStream.range(0, 24)
                .mapToObj(i -> demand("a", Priority.STANDARD, "user" + i % 3, i, true, LONG, 2))
                .toList();

        assertThat(coming(demands, "b", 1, STEPS)).isCloseTo(4 * STEPS * LONE, within(4 * FULL));
    }

    /** A sample that is done counts at its node until the next status, beside a long one that has all of the backlog. */
    @Test
    void aSampleThatJustEndedIsNotHalfOfTheBacklog() {
        nodes.add(denoiserStatus("d", "a", "b")
                .setRunning(2)
                .setBacklogSeconds(LONG * FULL / ROWS * 2)
                .setRoundSeconds(2 * LONE)
                .build());
        List<Demand> demands = List.of(demand("a", Priority.STANDARD, "", 0, true, LONG, 2));

        assertThat(coming(demands, "b", 1, 4)).isLessThan(4 * 4 * LONE + FULL);
        assertThat(coming(List.of(), "b", 1, 4))
                .as("of samples that nobody tells of, a step in each round")
                .isCloseTo(4 * LONE + 4 * 2 * LONE, within(2 * FULL));
    }

    private double coming(List<Demand> demands, String model, int count, int steps) {
        return coming(demands, model, count, steps, Priority.STANDARD);
    }

    private double coming(List<Demand> demands, String model, int count, int steps, Priority priority) {
        List<Demand> coming = IntStream.range(0, count)
                .mapToObj(i -> demand(model, priority, "", 1000, false, steps, 2))
                .toList();
        return queue.secondsUntilDone(demands, coming);
    }

    @Test
    void urgentClassesComeFirstAndUsersTakeTurns() {
        denoiser("d", "a");
        List<Demand> demands = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            demands.add(demand("a", Priority.STANDARD, "ann", i, i < 8, STEPS, 2));
        }
        demands.add(demand("a", Priority.INTERACTIVE, "ann", 50, false, STEPS, 2));
        demands.add(demand("a", Priority.BATCH, "ann", 51, false, STEPS, 2));
        demands.add(demand("a", Priority.STANDARD, "bob", 52, false, STEPS, 2));

        List<Place> places = queue.places(demands);

        assertThat(places.get(20).ahead()).isZero();
        assertThat(places.get(21).ahead()).isEqualTo(14);
        assertThat(places.get(22).ahead()).isEqualTo(1);
        assertThat(places.get(19).ahead()).isEqualTo(13);
    }

    @Test
    void aLargerPictureTakesAsMuchLonger() {
        denoiser("d", "a");
        Demand small = demand("a", Priority.STANDARD, "", 0, false, STEPS, 2);
        List<Work> work = small.work().stream()
                .map(left -> new Work(left.stage(), left.phase(), left.forwards(), left.rows(), 4))
                .toList();
        Demand large = new Demand("a", Priority.STANDARD, "", 0, false, work);

        assertThat(last(List.of(large)))
                .as("where the pace is measured: that of the other stages is a mean of all sizes")
                .isCloseTo(4 * STEPS * LONE + 2 * AROUND, within(1e-6));
    }

    @Test
    void whatNobodyTellsOfCountsByTheNodesOwnWord() {
        nodes.add(denoiserStatus("d", "a")
                .setWaiting(6)
                .setRunning(4)
                .setBacklogSeconds(30)
                .build());
        List<Demand> demands = jobs(2, "a", 2);

        Place last = queue.places(demands).get(1);

        assertThat(last.ahead()).isEqualTo(5);
        assertThat(last.seconds()).isBetween(24.0, 30.0);
    }

    @Test
    void aSlowDecoderIsTheQueueThen() {
        nodes.removeIf(node -> node.getStage() == StageKind.DECODER);
        serve(StageKind.DECODER, "v", 2, "a");
        denoiser("d", "a");

        assertThat(last(jobs(16, "a", 2))).isCloseTo(STEPS * FULL + 16 * 2, within(AROUND * 3));
    }

    @Test
    void aDemandTravelsUnchanged() {
        Demand demand = demand("a", Priority.BATCH, "ann", 7, true, 3, 2);

        assertThat(Demand.of(demand.toProto())).isEqualTo(demand);
    }

    private double last(List<Demand> demands) {
        return queue.places(demands).get(demands.size() - 1).seconds();
    }

    /** When each is done on devices that fill their passes in the order of arrival, step by step. */
    private static double[] ends(List<Demand> demands, int devices) {
        double[] clock = new double[devices];
        int[] left = demands.stream().mapToInt(d -> d.work().get(1).forwards()).toArray();
        List<List<Integer>> held = new ArrayList<>();
        IntStream.range(0, devices).forEach(device -> held.add(new ArrayList<>()));
        double[] ends = new double[demands.size()];
        int next = 0;
        for (int done = 0; done < demands.size(); ) {
            int device = 0;
            for (int other = 1; other < devices; other++) {
                device = clock[other] < clock[device] ? other : device;
            }
            List<Integer> running = held.get(device);
            while (next < demands.size() && 2 * (running.size() + 1) <= ROWS) {
                running.add(next++);
            }
            clock[device] += running.isEmpty() ? STEPS * FULL : FULL;
            for (int sample : List.copyOf(running)) {
                left[sample]--;
                if (left[sample] == 0) {
                    ends[sample] = clock[device];
                    running.remove(Integer.valueOf(sample));
                    done++;
                }
            }
        }
        return ends;
    }

    private static List<Demand> jobs(int count, String model, int rows) {
        return IntStream.range(0, count)
                .mapToObj(i -> demand(model, Priority.STANDARD, "", i, false, STEPS, rows))
                .toList();
    }

    private static Demand demand(
            String model, Priority priority, String user, long createdMs, boolean begun, int steps, int rows) {
        return new Demand(
                model,
                priority,
                user,
                createdMs,
                begun,
                List.of(
                        new Work("text-encoder", new Phase(StageRole.ENCODE, 0), 1, 1, 1),
                        new Work("denoiser", Phase.FIRST_DIFFUSION, steps, rows, 1),
                        new Work("decoder", new Phase(StageRole.DECODE, 0), 1, 1, 1)));
    }

    private void serve(StageKind stage, String node, double seconds, String... models) {
        NodeStatus.Builder status = status(stage, node, models).setStepSeconds(seconds > 0 ? seconds : AROUND);
        nodes.add(status.setLastBatch(seconds > 0 ? 1 : 64).build());
    }

    private void denoiser(String node, String... models) {
        nodes.add(denoiserStatus(node, models).build());
    }

    private static NodeStatus.Builder denoiserStatus(String node, String... models) {
        NodeStatus.Builder status = status(StageKind.DENOISER, node, models);
        for (String model : models) {
            status.putPace(
                    model,
                    ForwardPace.newBuilder()
                            .setRows(ROWS)
                            .setSeconds(FULL)
                            .setLoneSeconds(LONE)
                            .build());
        }
        return status;
    }

    private static NodeStatus.Builder status(StageKind stage, String node, String... models) {
        NodeStatus.Builder status =
                NodeStatus.newBuilder().setNodeId(node).setAddress(stage + node).setStage(stage);
        for (String model : models) {
            status.addModels(ModelStatus.newBuilder()
                    .setId(model)
                    .addStages(Addresses.name(stage))
                    .setCard(CARD));
        }
        return status;
    }

    private final class FixedDirectory implements NodeDirectory {
        @Override
        public List<NodeStatus> alive() {
            return List.copyOf(nodes);
        }

        @Override
        public void onLost(Consumer<NodeStatus> listener) {}
    }
}
