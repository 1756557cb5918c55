package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.sampler.Samplers;
import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpointed;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a run leaves behind on its way, and what another stage makes of it. */
final class CheckpointsTest {

    private static final int STEPS = 7;
    private static final SampleKey KEY = new SampleKey("job", 0);

    private final Results results = new Results();

    static Stream<String> samplers() {
        return Samplers.available(FakeModel.FOLDER.scheduler()).stream();
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void aRunThatGoesOnElsewhereFromAnyStepEndsInTheSameLatent(String sampler) {
        SteppingStage stage = open(Duration.ZERO);
        Work work = work(sampler);
        stage.admit(work, results);
        turnAll(stage);
        float[] undisturbed = results.latents.get(KEY);
        List<Snapshot> checkpoints = List.copyOf(results.checkpoints.get(KEY));
        int calls = Samplers.calls(sampler).of(STEPS);
        assertThat(checkpoints).hasSize(calls);

        for (Snapshot checkpoint : checkpoints.subList(0, calls - 1)) {
            results.latents.clear();
            SteppingStage other = open(Duration.ZERO);
            other.admit(resumed(work, travelled(checkpoint)), results);
            int turns = turnAll(other);

            assertThat(turns).isEqualTo(calls - checkpoint.checkpoint().getStep());
            assertThat(results.latents.get(KEY)).containsExactly(undisturbed);
        }
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void whatADrainGivesBackIsTheStateAfterTheLastStep(String sampler) {
        SteppingStage stage = open(Duration.ofHours(1));
        Work work = work(sampler);
        stage.admit(work, results);
        assertThat(stage.snapshot(KEY)).isEmpty();
        stage.turn(results);
        stage.turn(results);
        Snapshot given = stage.snapshot(KEY).orElseThrow().get();
        stage.drop(KEY);
        assertThat(stage.snapshot(KEY)).isEmpty();
        assertThat(given.checkpoint().getStep()).isEqualTo(2);

        stage.admit(resumed(work, given), results);
        turnAll(stage);
        float[] resumed = results.latents.remove(KEY);
        stage.admit(work, results);
        turnAll(stage);

        assertThat(resumed).containsExactly(results.latents.get(KEY));
    }

    @Test
    void theLastCheckpointIsTheLatentThatTheNextStageBeginsWith() {
        SteppingStage stage = open(Duration.ofHours(1));
        stage.admit(work("ddim"), results);
        turnAll(stage);

        assertThat(results.checkpoints.get(KEY)).singleElement().satisfies(last -> {
            assertThat(last.checkpoint().getPosition()).isEqualTo(1);
            assertThat(last.checkpoint().getStep()).isZero();
            assertThat(last.tensors()).singleElement().satisfies(latent -> {
                assertThat(latent.name()).isEqualTo("checkpoint.given.latent");
                assertThat(latent.toFloats()).containsExactly(results.latents.get(KEY));
            });
        });
    }

    @Test
    void noCheckpointIsTakenOfASampleThatWasCancelled() {
        SteppingStage stage = open(Duration.ZERO);
        stage.admit(work("euler"), results);
        stage.turn(results);
        stage.drop(KEY);
        results.checkpoints.clear();
        turnAll(stage);

        assertThat(results.checkpoints).isEmpty();
    }

    @Test
    void everyCheckpointSaysWhichWeightsItIsOf() {
        SteppingStage stage = open(Duration.ZERO);
        Work work = work("ddim");
        Task task = work.task().toBuilder().putFingerprints("unet", "u1").build();
        stage.admit(new Work(task, work.tensors()), results);
        turnAll(stage);

        assertThat(results.checkpoints.get(KEY)).hasSize(STEPS).allSatisfy(snapshot -> assertThat(
                        snapshot.checkpoint().getFingerprintsMap())
                .containsOnlyKeys("unet")
                .containsEntry("unet", "u1"));
    }

    @Test
    void noSampleGoesOnFromACheckpointThatIsNotFinite() {
        SteppingStage stage = open(Duration.ZERO);
        stage.admit(work("euler"), results);
        stage.turn(results);
        Snapshot first = results.checkpoints.get(KEY).get(0);
        stage.drop(KEY);
        float[] sample = first.tensors().get(0).toFloats();
        sample[5] = Float.NaN;
        Tensor broken = Tensor.ofFloats(
                "checkpoint.sample", sample, first.tensors().get(0).shape());

        stage.admit(resumed(work("euler"), new Snapshot(first.checkpoint(), List.of(broken))), results);

        assertThat(results.failures.get(KEY).message()).contains("checkpoint.sample", "not finite");
        assertThat(stage.turn(results)).isZero();
    }

    @Test
    void aCheckpointThatDoesNotFitTheTaskFailsItByName() {
        SteppingStage stage = open(Duration.ZERO);
        stage.admit(work("euler"), results);
        stage.turn(results);
        Snapshot first = results.checkpoints.get(KEY).get(0);
        stage.drop(KEY);

        stage.admit(resumed(work("euler"), new Snapshot(first.checkpoint(), List.of())), results);
        assertThat(results.failures.remove(KEY).message()).contains("checkpoint.sample");
        var farOff =
                new Snapshot(first.checkpoint().toBuilder().setStep(STEPS + 1).build(), first.tensors());
        stage.admit(resumed(work("euler"), farOff), results);
        assertThat(results.failures.remove(KEY).message()).contains("step");
        var oddMemory = List.of(
                first.tensors().get(0), Tensor.ofFloats("checkpoint.memory.model_outputs.0", new float[] {1, 2, 3}, 3));
        stage.admit(resumed(work("dpmpp_2m"), new Snapshot(first.checkpoint(), oddMemory)), results);
        assertThat(results.failures.remove(KEY).message()).contains("checkpoint.memory.model_outputs.0");
        var tooSmall = List.of(Tensor.ofFloats("checkpoint.sample", new float[] {1}, 1));
        stage.admit(resumed(work("euler"), new Snapshot(first.checkpoint(), tooSmall)), results);
        assertThat(results.failures.remove(KEY).message()).contains("does not go on");
    }

    @Test
    void checkpointsComeNoOfterThanTheyAreAskedFor() {
        Pace pace = new Pace(Duration.ofNanos(10));

        assertThat(Stream.of(100, 105, 111, 120, 121, 131).map(now -> pace.isDue(now)))
                .containsExactly(false, false, true, false, true, true);
    }

    private static Work work(String sampler) {
        Work work = FakeModel.work("job", "user", Priority.STANDARD, STEPS, true, 5);
        Task.Builder task = work.task().toBuilder();
        task.getRouteBuilder(0).getSamplingBuilder().setSampler(sampler);
        return new Work(task.build(), work.tensors());
    }

    private static Work resumed(Work work, Snapshot from) {
        List<Tensor> tensors = new ArrayList<>(work.tensors());
        tensors.addAll(from.tensors());
        return new Work(work.task().toBuilder().setResume(from.checkpoint()).build(), tensors);
    }

    /** As the owner gets it. */
    private static Snapshot travelled(Snapshot snapshot) {
        Event event = Event.newBuilder()
                .setCheckpointed(Checkpointed.newBuilder().setCheckpoint(snapshot.checkpoint()))
                .build();
        Parcel parcel = (Parcel) ParcelFormat.decode(ParcelFormat.encode(Parcel.of(event, snapshot.tensors())));
        return new Snapshot(parcel.header().getEvent().getCheckpointed().getCheckpoint(), parcel.tensors());
    }

    private int turnAll(SteppingStage stage) {
        int turns = 0;
        while (stage.turn(results) > 0) {
            assertThat(turns++).isLessThan(100);
        }
        return turns;
    }

    private static SteppingStage open(Duration checkpointEvery) {
        SteppingStage stage = new SteppingStage(
                StageKind.DENOISER,
                folder -> new FakeModel(rows -> {}).open(folder),
                List.of(FakeModel.FOLDER),
                new ComputeTarget("cpu", Precision.FP32),
                new SteppingStage.Limits(8, 8, checkpointEvery));
        stage.open();
        return stage;
    }
}
