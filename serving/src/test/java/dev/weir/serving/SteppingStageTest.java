package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.BatchKey;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SteppingStageTest {

    private static final int MOST_ROWS = 16;
    private static final int HELD = 64;

    private final Results results = new Results();

    @ParameterizedTest
    @ValueSource(
            strings = {"", "CUDA out of memory. Tried to allocate 20 GiB", "DefaultCPUAllocator: can't allocate memory"
            })
    void aForwardThatDoesNotFitIntoTheMemoryLosesNoRow(String words) {
        FakeModel model = new FakeModel(rows -> failAbove(5, rows, words));
        SteppingStage stage = open(model);
        List<Work> works = works(12);
        works.forEach(work -> stage.admit(work, results));
        runOut(stage);
        assertThat(results.failures).isEmpty();
        assertThat(results.latents).hasSize(12);
        assertThat(model.batches).allMatch(rows -> rows <= 5).contains(4);
        Map<SampleKey, float[]> limited = Map.copyOf(results.latents);
        results.latents.clear();
        SteppingStage roomy = open(new FakeModel(rows -> {}));
        works.forEach(work -> roomy.admit(work, results));
        runOut(roomy);
        limited.forEach((key, latent) -> assertThat(results.latents.get(key)).isEqualTo(latent));
    }

    @Test
    void aSampleThatDoesNotFitAloneFailsAndMayBeTriedElsewhere() {
        boolean[] isFull = {false};
        SteppingStage stage = open(new FakeModel(rows -> failAbove(isFull[0] ? 1 : MOST_ROWS, rows, "")));
        isFull[0] = true;
        stage.admit(FakeModel.work("pair", "a", Priority.STANDARD, 4, true, 1), results);
        stage.admit(FakeModel.work("single", "a", Priority.STANDARD, 4, false, 2), results);
        runOut(stage);
        assertThat(results.latents).containsOnlyKeys(new SampleKey("single", 0));
        assertThat(results.failures.get(new SampleKey("pair", 0))).satisfies(failure -> {
            assertThat(failure.code()).isEqualTo("out_of_memory");
            assertThat(failure.retryable()).isTrue();
        });
    }

    /** The long one's neighbours would be padded to its length. */
    @Test
    void aVeryLongPromptHasForwardsOfItsOwn() {
        FakeModel model = new FakeModel(rows -> {});
        SteppingStage stage = open(model);
        model.lengths.clear();
        List<Integer> brief = List.of(1, 77, 154);
        List<Integer> extended = List.of(33 * 77, 64 * 77);
        Stream.concat(brief.stream(), extended.stream())
                .forEach(tokens -> stage.admit(prompt("of " + tokens, tokens), results));
        runOut(stage);

        assertThat(results.latents).hasSize(5);
        assertThat(model.lengths)
                .isNotEmpty()
                .allMatch(together -> brief.containsAll(together) || extended.containsAll(together));
    }

    @Test
    void promptsOfSimilarLengthsShareForwards() {
        for (int[] chunks : new int[][] {{1, 2}, {3, 4}, {5, 8}, {33, 64}}) {
            assertThat(BatchKey.length(77 * chunks[0])).isEqualTo(BatchKey.length(77 * chunks[1]));
            assertThat(BatchKey.length(77 * chunks[1] + 1)).isEqualTo(BatchKey.length(77 * chunks[1]) + 1);
        }
        assertThat(BatchKey.length(0)).isZero();
        assertThat(BatchKey.length(Integer.MAX_VALUE)).isLessThan(32);
    }

    private static Work prompt(String name, int tokens) {
        Work work = FakeModel.work(name, "a", Priority.STANDARD, 2, false, 1);
        Tensor states = work.tensors().get(0);
        int width = (int) states.shape()[1];
        return new Work(
                work.task(),
                List.of(Tensor.ofFloats("cond/encoder_hidden_states", new float[tokens * width], tokens, width)));
    }

    @Test
    void aUserOfMoreWeightGetsMoreOfTheDevice() {
        // Shares are of measured time: a pass must be longer than what else may happen on the machine meanwhile.
        SteppingStage stage = open(
                new FakeModel(rows -> LockSupport.parkNanos(2_000_000)),
                new SteppingStage.Limits(HELD, 4).withUserWeights(Map.of("paying", 3.0)));
        for (int i = 0; i < 24; i++) {
            stage.admit(FakeModel.work("other " + i, "other", Priority.STANDARD, 20, false, i), results);
            stage.admit(FakeModel.work("paying " + i, "paying", Priority.STANDARD, 20, false, i), results);
        }
        while (results.latents.size() < 20) {
            assertThat(stage.turn(results)).isPositive();
        }
        long paying = results.latents.keySet().stream()
                .filter(key -> key.jobId().startsWith("paying"))
                .count();
        assertThat(paying).isGreaterThan(results.latents.size() / 2);
        runOut(stage);
        assertThat(results.latents).hasSize(48);
    }

    /** A fast network is at its best with few rows, so that one user fills the batch. */
    @Test
    void aFullBatchThatLeavesNobodyWaitingHasAllItsFramesPainted() {
        SteppingStage stage = open(new FakeModel(rows -> {}), new SteppingStage.Limits(HELD, 1));
        Work plain = FakeModel.work("only", "a", Priority.STANDARD, 6, false, 1);
        Preview everyStep = Preview.newBuilder()
                .setEverySteps(1)
                .setGrade(Preview.Grade.LATENT_RGB)
                .build();
        stage.admit(new Work(plain.task().toBuilder().setPreview(everyStep).build(), plain.tensors()), results);
        for (int step = 1; step < 6; step++) {
            stage.turn(results);
            int steps = step;
            await().until(() -> results.frames.size() == steps);
        }
        runOut(stage);
        assertThat(results.frames).containsExactly("only 1", "only 2", "only 3", "only 4", "only 5");
    }

    @Test
    void otherTroubleFailsThoseWhoShareTheForwardAndNobodyElse() {
        int[] forwards = {Integer.MAX_VALUE};
        SteppingStage stage = open(new FakeModel(rows -> {
            if (forwards[0]-- == 0) {
                throw new IllegalStateException("broken");
            }
        }));
        forwards[0] = 2;
        List<Work> works = works(12);
        works.forEach(work -> stage.admit(work, results));
        runOut(stage);
        assertThat(results.failures).isNotEmpty().allSatisfy((key, failure) -> assertThat(failure.code())
                .isEqualTo("step_failed"));
        assertThat(results.latents.size() + results.failures.size()).isEqualTo(12);
    }

    @Test
    void theBacklogIsWhatIsLeftOfStepsAndSinksToNothing() {
        SteppingStage stage = open(new FakeModel(rows -> {}));
        assertThat(backlog(stage)).isZero();
        works(12).forEach(work -> stage.admit(work, results));
        assertThat(backlog(stage)).isPositive();
        runOut(stage);
        assertThat(backlog(stage)).isZero();
        assertThat(results.forwards)
                .isNotEmpty()
                .allMatch(forward -> forward.rows()
                        == forward.rowsByClass().values().stream()
                                .mapToInt(n -> n)
                                .sum());
    }

    @Test
    void aThousandRandomCancelsUnderLoadLeaveNothingBehind() {
        SteppingStage stage = open(new FakeModel(rows -> {}));
        Random random = new Random(11);
        List<SampleKey> held = new ArrayList<>();
        Set<SampleKey> cancelled = new HashSet<>();
        List<WeakReference<Work>> references = new ArrayList<>();
        int admitted = 0;
        while (cancelled.size() < 1000) {
            held.removeAll(results.latents.keySet());
            while (held.size() < HELD) {
                Work work = randomWork(admitted++, random);
                references.add(new WeakReference<>(work));
                held.add(work.key());
                stage.admit(work, results);
            }
            for (int i = random.nextInt(4); i > 0; i--) {
                SampleKey key = held.remove(random.nextInt(held.size()));
                stage.drop(key);
                cancelled.add(key);
            }
            stage.turn(results);
            stage.drop(new SampleKey("unknown", 0));
        }
        runOut(stage);
        assertThat(results.failures).isEmpty();
        assertThat(results.latents).hasSize(admitted - cancelled.size());
        assertThat(results.latents.keySet()).doesNotContainAnyElementsOf(cancelled);
        assertThat(backlog(stage)).isZero();
        System.gc();
        assertThat(references).as("tasks still in memory").allMatch(reference -> reference.get() == null);
        stage.close();
    }

    private static double backlog(SteppingStage stage) {
        return stage.load().orElseThrow().backlogSeconds();
    }

    private static Work randomWork(int number, Random random) {
        return FakeModel.work(
                "job " + number,
                "user " + random.nextInt(5),
                Priority.forNumber(random.nextInt(3)),
                2 + random.nextInt(20),
                random.nextBoolean(),
                random.nextInt(1000));
    }

    private static List<Work> works(int count) {
        Random random = new Random(5);
        List<Work> works = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            works.add(randomWork(i, random));
        }
        return works;
    }

    private static SteppingStage open(FakeModel model) {
        return open(model, new SteppingStage.Limits(HELD, MOST_ROWS));
    }

    private static SteppingStage open(FakeModel model, SteppingStage.Limits limits) {
        SteppingStage stage = new SteppingStage(
                StageKind.DENOISER,
                model::open,
                List.of(FakeModel.FOLDER),
                new ComputeTarget("cpu", Precision.FP32),
                limits);
        stage.open();
        model.batches.clear();
        return stage;
    }

    private void runOut(SteppingStage stage) {
        int turns = 0;
        while (stage.turn(results) > 0) {
            assertThat(turns++).isLessThan(10_000);
        }
    }

    private static void failAbove(int most, int rows, String words) {
        if (rows > most) {
            if (words.isEmpty()) {
                throw new OutOfMemoryError("Java heap space");
            }
            throw new IllegalStateException("forward failed", new IllegalStateException(words));
        }
    }
}
