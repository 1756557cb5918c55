package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Preview.Grade;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.proto.v1.Task;
import dev.weir.serving.Cards;
import dev.weir.serving.Pictures;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames by a tiny autoencoder, on the decoder stage. */
final class TaesdTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final ModelFolder WITH = ModelFolder.open(
            FIXTURES.resolve("checkpoints/sd1"), Optional.empty(), List.of(FIXTURES.resolve("autoencoders/taesd")));
    private static final ModelFolder WITHOUT = ModelFolder.open(FIXTURES.resolve("checkpoints/sd1"));

    private static final LatentShape SHAPE = new LatentShape(4, 8, 8);

    private final RecordingOutbox outbox = new RecordingOutbox();

    @ParameterizedTest
    @CsvSource({"TAESD,true", "VAE,false", "LATENT_RGB,true"})
    void aFrameIsWhatTheDecoderOfItsGradeMakesOfTheLatent(Grade grade, boolean tiny) {
        decode(WITH, frame("a", grade));

        assertThat(outbox.frames.get("a/0").get(0).bytes())
                .isEqualTo(expected(tiny))
                .isNotEqualTo(expected(!tiny));
    }

    /** A denoiser without a matrix asks for such frames. */
    @Test
    void withoutATinyDecoderTheModelsOwnStandsInForTheMatrix() {
        decode(WITHOUT, frame("a", Grade.LATENT_RGB));

        assertThat(outbox.frames.get("a/0").get(0).bytes()).isEqualTo(expected(false));
    }

    @Test
    void aFrameForATinyDecoderThatIsNotHereIsDropped() {
        decode(WITHOUT, frame("a", Grade.TAESD));

        assertThat(outbox.frames).isEmpty();
        assertThat(outbox.failures.get("a/0").retryable()).isFalse();
    }

    @Test
    void picturesAreAlwaysTheModelsOwnDecoders() {
        Preview preview = Preview.newBuilder().setGrade(Grade.TAESD).build();
        decode(WITH, task("with", generation("a")).setModel("sd1").setPreview(preview));
        decode(WITHOUT, task("without", generation("a")).setModel("sd1").setPreview(preview));

        assertThat(outbox.finished.get("with/0").bytes())
                .isEqualTo(outbox.finished.get("without/0").bytes());
    }

    @Test
    void framesOfTwoGradesDoNotShareAForward() {
        assertThat(decode(WITH, frame("a", Grade.TAESD), frame("b", Grade.VAE), frame("c", Grade.TAESD)))
                .containsExactly(2, 1);
    }

    @Test
    void theCardTellsTheGradesFromTheCheapestOn() {
        assertThat(Cards.toProto(WITH).getPreviewsList()).containsExactly(Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);
        assertThat(Cards.toProto(WITHOUT).getPreviewsList()).containsExactly(Grade.LATENT_RGB, Grade.VAE);
        assertThat(Cards.toProto(Tasks.TINY).getPreviewsList()).containsExactly(Grade.VAE);
    }

    private static Task.Builder frame(String job, Grade grade) {
        return task(job, generation("a"))
                .setModel("sd1")
                .setPreview(Preview.newBuilder().setGrade(grade))
                .setFrame(PreviewFrame.newBuilder().setStep(2).setTotal(4));
    }

    /** Returns the rows of each forward. */
    private List<Integer> decode(ModelFolder model, Task.Builder... tasks) {
        DecoderStage stage = new DecoderStage(List.of(model), EXACT, 8);
        stage.open();
        try {
            for (Task.Builder task : tasks) {
                stage.admit(work(task, Tensor.ofFloats("latent", latent(), 4, 8, 8)), outbox);
            }
            return turnAll(stage, outbox);
        } finally {
            stage.close();
        }
    }

    private static byte[] expected(boolean tiny) {
        try (ImageCodec codec = tiny ? WITH.tinyCodec(EXACT) : WITH.imageCodec(EXACT)) {
            return Pictures.frame(codec.decode(SHAPE, List.of(latent())).get(0).orElseThrow())
                    .bytes();
        }
    }

    private static float[] latent() {
        float[] values = new float[SHAPE.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        return values;
    }
}
