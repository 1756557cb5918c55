package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.denoising;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.PoisonedModel;
import dev.weir.textencoder.StatesMemory;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers that are not finite, in real networks: a damaged model is not served, and a row fails without its neighbours. */
final class NotFiniteStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16);
    private static final int WIDTH = 32;
    /** Only a prompt of more tokens reads this row of the position embeddings. */
    private static final int POSITION = 20;

    private final RecordingOutbox outbox = new RecordingOutbox();

    @TempDir
    Path folder;

    @Test
    void aModelWithADamagedWeightIsNotServed() throws IOException {
        assertNotServed(
                "text-encoder", new TextEncoderStage(poisoned("text_encoder", "embeddings.LayerNorm.bias"), EXACT, 8));
        assertNotServed("denoiser", DenoiserStage.create(poisoned("unet", "conv_in.weight"), EXACT, LIMITS));
        assertNotServed(
                "upsampler", UpsamplerStage.create(poisoned("upsampler/unet", "conv_in.weight"), EXACT, LIMITS));
        assertNotServed("decoder", new DecoderStage(poisoned("vae", "decoder.conv_in.weight"), EXACT, 8));
    }

    @Test
    void aDamagedModelDoesNotTakeAnotherWithIt() throws IOException {
        ModelFolder damaged = poisoned("vae", "decoder.conv_in.weight").get(0);
        Stage decoder = new DecoderStage(List.of(damaged, TINY), EXACT, 8);
        decoder.open();
        assertThat(decoder.models())
                .extracting(ModelStatus::getId, status -> status.getProblem().isEmpty())
                .containsExactly(
                        tuple(damaged.card().id(), false), tuple(TINY.card().id(), true));
        decoder.close();
    }

    @Test
    void aPromptWhoseStatesAreNotFiniteFailsAloneAndIsNotRemembered() throws IOException {
        Vertx vertx = Vertx.vertx();
        var memory = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var shared = Optional.of(new StatesMemory(vertx, memory, new SimpleMeterRegistry()));
        List<ModelFolder> models = List.of(ModelFolder.open(PoisonedModel.write(
                folder.resolve("default"), "text_encoder", "embeddings.position_embeddings.weight", POSITION * WIDTH)));
        Stage encoder = new TextEncoderStage(models, EXACT, 8, shared);
        encoder.open();
        String tooLong = "a red apple ".repeat(POSITION / 3 + 1);
        encoder.admit(work(task("short", generation("a red apple"))), outbox);
        encoder.admit(work(task("long", generation(tooLong))), outbox);
        encoder.admit(work(task("other", generation("a blue house"))), outbox);
        turnAll(encoder, outbox);

        assertThat(outbox.handedOn).containsOnlyKeys("short/0", "other/0");
        assertThat(outbox.handedOn.values())
                .allSatisfy(tensors -> assertThat(tensors.values()).allMatch(Tensor::isFinite));
        assertFailedAlone("long/0", "the text encoder's output is not finite");
        assertThat(encoder.models()).allMatch(status -> status.getProblem().isEmpty());

        // Not from the cache of this node, nor from the cluster's.
        for (Stage again : List.of(encoder, new TextEncoderStage(models, EXACT, 8, shared))) {
            if (again != encoder) {
                again.open();
            }
            outbox.failures.clear();
            var work = work(task("long", generation(tooLong)));
            again.prepare(work).toCompletableFuture().join();
            again.admit(work, outbox);
            turnAll(again, outbox);
            assertThat(outbox.failures).containsOnlyKeys("long/0");
            again.close();
        }
        vertx.close();
    }

    @Test
    void aLatentThatIsNotFiniteGivesNoPictureAndItsNeighboursAreUnharmed() {
        Stage decoder = new DecoderStage(List.of(TINY), EXACT, 8);
        decoder.open();
        // Kernels depend on the size of the batch, so that it is the same.
        decoder.admit(work(task("expected", generation("a")), latent(0)), outbox);
        decoder.admit(work(task("beside", generation("a")), latent(1)), outbox);
        decoder.admit(work(task("beside too", generation("a")), latent(2)), outbox);
        turnAll(decoder, outbox);
        decoder.admit(work(task("a", generation("a")), latent(0)), outbox);
        decoder.admit(work(task("b", generation("a")), latent(Float.NaN)), outbox);
        decoder.admit(work(task("c", generation("a")), latent(Float.MAX_VALUE)), outbox);
        assertThat(turnAll(decoder, outbox)).containsExactly(3);

        assertThat(outbox.finished).containsOnlyKeys("expected/0", "beside/0", "beside too/0", "a/0");
        assertThat(outbox.finished.get("a/0").bytes())
                .isEqualTo(outbox.finished.get("expected/0").bytes());
        assertFailedAlone("b/0", "the decoder's image is not finite");
        assertFailedAlone("c/0", "the decoder's image is not finite");
        assertThat(decoder.models()).allMatch(status -> status.getProblem().isEmpty());
        decoder.close();
    }

    @Test
    void aFrameThatIsNotFiniteIsNotShown() {
        Stage decoder = new DecoderStage(List.of(TINY), EXACT, 8);
        decoder.open();
        PreviewFrame.Builder frame = PreviewFrame.newBuilder().setStep(2).setTotal(4);
        decoder.admit(work(task("watched", generation("w")).setFrame(frame), latent(Float.NaN)), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.frames).isEmpty();
        assertThat(outbox.failures).containsOnlyKeys("watched/0"); // which the stage node counts as a dropped frame
        decoder.close();
    }

    @Test
    void aGuidanceThatOverflowsFailsItsOwnRequest() {
        Stage denoiser = DenoiserStage.create(List.of(TINY), EXACT, LIMITS);
        denoiser.open();
        denoiser.admit(work(denoising("good", generation("a")), contexts()), outbox);
        denoiser.admit(work(denoising("bad", generation("a").setGuidanceScale(Float.MAX_VALUE)), contexts()), outbox);
        turnAll(denoiser, outbox);
        assertThat(outbox.handedOn).containsOnlyKeys("good/0");
        assertFailedAlone("bad/0", "the denoiser's output at step 1 of 4 is not finite");
        assertThat(denoiser.models()).allMatch(status -> status.getProblem().isEmpty());
        denoiser.close();
    }

    private List<ModelFolder> poisoned(String component, String tensor) throws IOException {
        Path target = folder.resolve("poisoned-" + component.replace('/', '-'));
        return List.of(ModelFolder.open(PoisonedModel.write(target, component, tensor, 0)));
    }

    private static void assertNotServed(String name, Stage stage) {
        assertThatThrownBy(stage::open)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("the " + name + " can serve no model: ")
                .hasMessageContaining("its output is not finite");
    }

    private void assertFailedAlone(String sample, String message) {
        Failure failure = outbox.failures.get(sample);
        assertThat(failure.code()).isEqualTo("not_finite");
        assertThat(failure.message()).startsWith(message);
        assertThat(failure.retryable()).isFalse();
    }

    private static Tensor[] contexts() {
        float[] states = new float[3 * WIDTH];
        for (int i = 0; i < states.length; i++) {
            states[i] = (float) Math.sin(i);
        }
        float[] negative = new float[WIDTH];
        return new Tensor[] {
            Tensor.ofFloats("cond/encoder_hidden_states", states, 3, WIDTH),
            Tensor.ofFloats("uncond/encoder_hidden_states", negative, 1, WIDTH)
        };
    }

    private static Tensor latent(float extra) {
        float[] values = new float[4 * 8 * 8];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        values[17] += extra;
        return Tensor.ofFloats("latent", values, 4, 8, 8);
    }
}
