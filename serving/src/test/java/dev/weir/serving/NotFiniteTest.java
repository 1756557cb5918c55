package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.ModelException;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rows of a step loop whose numbers are not finite, and models that give no other. */
final class NotFiniteTest {

    private static final int STEPS = 6;
    private static final int SAMPLES = 6;
    private static final String MODEL = FakeModel.FOLDER.card().id();

    private final Results results = new Results();
    private final FakeModel model = new FakeModel(rows -> {});

    @Test
    void aRowFailsAloneAndNamesStageAndStep() {
        SteppingStage stage = open(SAMPLES);
        admitAll(stage);
        turnAll(stage);
        var expected = List.copyOf(results.latents.entrySet());
        results.latents.clear();
        results.checkpoints.clear();

        // Of the job with seed 3, from its third step on.
        float[] timesteps = new float[1];
        model.breaks = row -> {
            timesteps[0] = row.timestep();
            return isOfSeed(3).test(row) && row.timestep() < 700;
        };
        admitAll(stage);
        turnAll(stage);

        assertThat(results.failures).containsOnlyKeys(key(3));
        Failure failure = results.failures.get(key(3));
        assertThat(failure.code()).isEqualTo("not_finite");
        assertThat(failure.message()).startsWith("the denoiser's output at step 3 of 6 is not finite");
        assertThat(failure.retryable())
                .as("another node would compute the same")
                .isFalse();
        assertThat(results.latents).hasSize(SAMPLES - 1);
        expected.stream().filter(entry -> !entry.getKey().equals(key(3))).forEach(entry -> assertThat(
                        results.latents.get(entry.getKey()))
                .containsExactly(entry.getValue()));
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
        assertThat(stage.snapshot(key(3))).isEmpty();
    }

    @Test
    void noCheckpointHoldsANumberThatIsNotFinite() {
        SteppingStage stage = open(SAMPLES);
        model.breaks = row -> isOfSeed(3).test(row) && row.timestep() < 700;
        admitAll(stage);
        turnAll(stage);

        assertThat(results.checkpoints.get(key(3))).hasSize(2);
        assertThat(results.checkpoints.values())
                .allSatisfy(all -> assertThat(all).allSatisfy(snapshot -> assertThat(snapshot.tensors())
                        .allMatch(tensor -> tensor.isFinite() && Finite.all(tensor.toFloats()))));
    }

    @Test
    void oneUserWhoseRequestsAllOverflowDoesNotTakeTheModelFromTheOthers() {
        SteppingStage stage = open(SAMPLES);
        model.breaks = isOfSeed(3);
        for (int i = 0; i < 50; i++) {
            stage.admit(work(3), results);
            turnAll(stage);
            assertThat(results.failures.remove(key(3)).retryable()).isFalse();
        }
        model.breaks = row -> false;
        stage.admit(work(3), results);
        turnAll(stage);
        assertThat(results.latents).containsOnlyKeys(key(3));
    }

    @Test
    void aModelThatGivesNothingElseIsTakenOutAndWhatItHeldMayBeDoneElsewhere() {
        SteppingStage stage = open(2);
        admitAll(stage);
        stage.turn(results);
        model.breaks = row -> true;
        turnAll(stage);

        assertThat(results.latents).isEmpty();
        assertThat(results.failures).hasSize(SAMPLES).allSatisfy((key, failure) -> {
            assertThat(failure.code()).isEqualTo("not_finite");
            assertThat(failure.message()).contains("the model " + MODEL + " is broken at this node");
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly(NotFinite.PROBLEM);
        assertThat(stage.load().orElseThrow().rowSeconds())
                .as("nobody gives it work of the model")
                .isEmpty();
        assertThat(stage.load().orElseThrow().rows()).isZero();

        stage.admit(work(77), results);
        assertThat(results.failures.get(key(77)).retryable())
                .as("accepted before it was found")
                .isTrue();
    }

    @Test
    void aModelThatIsBrokenFromTheStartIsNotServed() {
        model.breaks = row -> true;
        assertThatThrownBy(() -> open(SAMPLES))
                .isInstanceOf(ModelException.class)
                .hasMessage("the denoiser can serve no model: %s: %s".formatted(MODEL, NotFinite.PROBLEM));
    }

    private static Predicate<Denoiser.Row> isOfSeed(int seed) {
        return row -> row.inputs().get("encoder_hidden_states").values()[0] == seed
                && row.inputs().get("encoder_hidden_states").values()[1] == 1;
    }

    private static SampleKey key(int seed) {
        return new SampleKey("job " + seed, 0);
    }

    private static Work work(int seed) {
        return FakeModel.work("job " + seed, "user " + seed, Priority.STANDARD, STEPS, true, seed);
    }

    private void admitAll(SteppingStage stage) {
        IntStream.range(0, SAMPLES).forEach(seed -> stage.admit(work(seed), results));
    }

    private SteppingStage open(int samplesPerForward) {
        SteppingStage stage = new SteppingStage(
                StageKind.DENOISER,
                model::open,
                List.of(FakeModel.FOLDER),
                new ComputeTarget("cpu", Precision.FP32),
                new SteppingStage.Limits(64, 2 * samplesPerForward, Duration.ZERO));
        stage.open();
        return stage;
    }

    private void turnAll(SteppingStage stage) {
        int turns = 0;
        while (stage.turn(results) > 0) {
            assertThat(turns++).isLessThan(1000);
        }
    }
}
