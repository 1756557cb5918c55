package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.cascade;
import static dev.weir.tests.stages.Tasks.denoising;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import dev.weir.serving.plan.Planner;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Text encoder, denoiser and upsampler, one after the other, without a bus. */
final class CascadeStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16);
    private static final Planner ROOMY = new RoomyPlanner(LIMITS.rowsPerForward());

    private final RecordingOutbox outbox = new RecordingOutbox();

    @Test
    void samplesOfDifferentStepCountsShareForwardsAndEachLeavesWhenItIsDone() {
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS, ROOMY));
        denoiser.admit(work(denoising("long", generation("a red apple")), contexts()), outbox);
        denoiser.admit(work(denoising("short", generation("a red apple").setSteps(2)), contexts()), outbox);
        assertThat(turnAll(denoiser, outbox)).containsExactly(4, 4, 2, 2);
        assertThat(outbox.calls)
                .containsSubsequence(
                        "short/0 step 2 of 2", "short/0 handed on", "long/0 step 4 of 4", "long/0 handed on");
        assertThat(outbox.handedOn.get("long/0")).containsOnlyKeys("latent");
        denoiser.close();
    }

    /** Sides that the networks cannot halve evenly: 17x15 latents, 9x8 and 5x4 below. */
    @Test
    void picturesOfOddLatentsShareForwardsAndAreWhatTheyAreAlone() {
        int scale = TINY.card().scale();
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS, ROOMY));
        for (String alone : List.of("a", "b")) {
            denoiser.admit(work(denoising(alone, odd(scale, alone)), contexts()), outbox);
            turnAll(denoiser, outbox);
        }
        for (String together : List.of("a", "b")) {
            denoiser.admit(work(denoising("with " + together, odd(scale, together)), contexts()), outbox);
        }
        assertThat(turnAll(denoiser, outbox)).containsExactly(4, 4, 4, 4);
        denoiser.close();

        for (String name : List.of("a", "b")) {
            Tensor alone = outbox.handedOn.get(name + "/0").get("latent");
            assertThat(alone.shape()).containsExactly(4, 15, 17);
            assertThat(outbox.handedOn.get("with " + name + "/0").get("latent").toFloats())
                    .usingComparatorWithPrecision(1e-4f)
                    .containsExactly(alone.toFloats());
        }
    }

    private static Generation.Builder odd(int scale, String name) {
        return generation(name).setSeed(name.hashCode()).setWidth(17 * scale).setHeight(15 * scale);
    }

    @Test
    void aDroppedSampleLeavesAtTheNextStepWithoutTouchingItsNeighbour() {
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(denoising("stays", generation("a red apple")), contexts()), outbox);
        turnAll(denoiser, outbox);
        float[] alone = outbox.handedOn.get("stays/0").get("latent").toFloats();

        denoiser.admit(work(denoising("stays", generation("a red apple")), contexts()), outbox);
        denoiser.admit(work(denoising("goes", generation("a red apple").setSeed(8)), contexts()), outbox);
        denoiser.turn(outbox);
        denoiser.drop(new SampleKey("goes", 0));
        turnAll(denoiser, outbox);
        assertThat(outbox.handedOn).doesNotContainKey("goes/0");
        assertThat(outbox.handedOn.get("stays/0").get("latent").toFloats())
                .usingComparatorWithPrecision(1e-4f)
                .containsExactly(alone);
        denoiser.close();
    }

    @Test
    void aCascadesLatentGrowsOnItsWayThroughBothNetworks() {
        Task.Builder task = cascade("a", 3);
        int scale = TINY.card().scale();

        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.clone().setPosition(1), contexts()), outbox);
        turnAll(denoiser, outbox);
        Map<String, Tensor> base = outbox.handedOn.get("a/0");
        assertThat(base).containsOnlyKeys("latent");
        assertThat(base.get("latent").shape()).containsExactly(4, 32 / scale, 64 / scale);
        denoiser.close();

        Stage upsampler = opened(UpsamplerStage.create(List.of(TINY), EXACT, LIMITS));
        Tensor[] contexts = contexts();
        upsampler.admit(work(task.clone().setPosition(2), contexts[0], contexts[1], base.get("latent")), outbox);
        assertThat(turnAll(upsampler, outbox)).containsExactly(2, 2, 2);
        Map<String, Tensor> high = outbox.handedOn.get("a/0");
        assertThat(high).containsOnlyKeys("latent");
        assertThat(high.get("latent").shape()).containsExactly(4, 64 / scale, 128 / scale);
        upsampler.close();
    }

    @Test
    void theUpsamplerBatchesTheStepsOfDifferentUsers() {
        int scale = TINY.card().scale();
        int side = 64 / TINY.card().upsampleFactor() / scale;
        Tensor base = Tensor.ofFloats("latent", new float[4 * side * 2 * side], 4, side, 2 * side);
        Tensor[] contexts = contexts();
        Stage upsampler = opened(UpsamplerStage.create(List.of(TINY), EXACT, LIMITS, ROOMY));
        for (int user = 0; user < 2; user++) {
            Task.Builder task =
                    cascade("of " + user, 2 + user).setUser("user " + user).setPosition(2);
            upsampler.admit(work(task, contexts[0], contexts[1], base), outbox);
        }
        assertThat(turnAll(upsampler, outbox)).containsExactly(4, 4, 2);
        assertThat(outbox.handedOn).containsOnlyKeys("of 0/0", "of 1/0");
        upsampler.close();
    }

    @Test
    void aMoreUrgentRequestGoesPastOneThatRuns() {
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, new SteppingStage.Limits(8, 2)));
        denoiser.admit(work(denoising("patient", generation("a")).setPriority(Priority.BATCH), contexts()), outbox);
        denoiser.turn(outbox);
        denoiser.admit(
                work(denoising("urgent", generation("a")).setPriority(Priority.INTERACTIVE), contexts()), outbox);
        turnAll(denoiser, outbox);
        assertThat(outbox.calls)
                .containsSubsequence(
                        "patient/0 step 1 of 4", "urgent/0 handed on", "patient/0 step 2 of 4", "patient/0 handed on");
        denoiser.close();
    }

    @Test
    void framesAreAskedForWhenTheyAreDue() {
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        Preview.Builder everyOther = Preview.newBuilder().setEverySteps(2).setGrade(Preview.Grade.VAE);
        denoiser.admit(work(denoising("a", generation("a").setSteps(6)).setPreview(everyOther), contexts()), outbox);
        turnAll(denoiser, outbox);
        assertThat(outbox.calls)
                .filteredOn(call -> call.contains("preview"))
                .containsExactly("a/0 preview 2 of 6", "a/0 preview 4 of 6");
        denoiser.close();
    }

    @Test
    void whatCannotBeDoneIsRefusedByName() {
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        assertThat(denoiser.refuse(
                        denoising("a", generation("a").setSampler("magic")).build()))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("magic").contains("ddim"));
        assertThat(denoiser.refuse(denoising("a", generation("a").setSteps(0)).build()))
                .hasValueSatisfying(reason -> assertThat(reason).contains("steps"));
        assertThat(denoiser.refuse(denoising("a", generation("a")).build())).isEmpty();
        denoiser.admit(work(denoising("a", generation("a"))), outbox);
        assertThat(outbox.failures.get("a/0").message()).contains("encoder_hidden_states");
        Tensor narrow = Tensor.ofFloats("cond/encoder_hidden_states", new float[14], 2, 7);
        denoiser.admit(work(denoising("b", generation("a").setGuidanceScale(1)), narrow), outbox);
        assertThat(outbox.failures.get("b/0").message()).contains("encoder_hidden_states of [2, 7]");
        assertThat(denoiser.turn(outbox)).isZero();
        denoiser.close();
    }

    private static Stage opened(Stage stage) {
        stage.open();
        return stage;
    }

    private Tensor[] contexts() {
        TextEncoderStage encoder = new TextEncoderStage(List.of(TINY), EXACT, 8);
        RecordingOutbox encoded = new RecordingOutbox();
        encoder.open();
        encoder.admit(work(task("text", generation("a red apple"))), encoded);
        encoder.turn(encoded);
        encoder.close();
        return encoded.handedOn.get("text/0").values().toArray(Tensor[]::new);
    }
}
