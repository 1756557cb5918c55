package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.PreviewFrame;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DecoderStageTest {

    private final DecoderStage stage = new DecoderStage(List.of(TINY), EXACT, 8);
    private final RecordingOutbox outbox = new RecordingOutbox();

    @BeforeEach
    void open() {
        stage.open();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    @Test
    void picturesOfOneShapeShareAForwardAndOtherShapesHaveTheirOwn() {
        stage.admit(work(task("a", generation("a")), latent(8, 8)), outbox);
        stage.admit(work(task("b", generation("b")), latent(4, 12)), outbox);
        stage.admit(work(task("c", generation("c")), latent(8, 8)), outbox);
        assertThat(turnAll(stage, outbox)).containsExactly(2, 1);
        assertThat(outbox.finished).containsOnlyKeys("a/0", "b/0", "c/0");
        int scale = TINY.card().scale();
        assertThat(outbox.finished.get("b/0").width()).isEqualTo(12 * scale);
        assertThat(outbox.finished.get("b/0").height()).isEqualTo(4 * scale);
    }

    @Test
    void picturesComeBeforeFramesThatCameEarlier() {
        PreviewFrame.Builder frame = PreviewFrame.newBuilder().setStep(2).setTotal(4);
        stage.admit(work(task("watched", generation("w")).setFrame(frame), latent(8, 8)), outbox);
        stage.admit(work(task("a", generation("a")), latent(8, 8)), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.calls)
                .containsExactly("a/0 started", "a/0 finished", "watched/0 started", "watched/0 frame 2 of 4");
        assertThat(outbox.frames.get("watched/0").get(0).format()).isEqualTo("jpeg");
    }

    @Test
    void aPngSaysInItselfHowItWasMade() throws IOException {
        stage.admit(work(task("a", generation("a red apple").setNegativePrompt("blurry")), latent(8, 8)), outbox);
        turnAll(stage, outbox);
        byte[] file = outbox.finished.get("a/0").bytes();
        assertThat(new String(file, StandardCharsets.ISO_8859_1))
                .contains(
                        "parameters\0a red apple\nNegative prompt: blurry\nSteps: 4, Sampler: ddim, CFG scale: 4, Seed: 7");
        assertThat(ImageIO.read(new ByteArrayInputStream(file)).getWidth())
                .isEqualTo(outbox.finished.get("a/0").width());
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "webp"})
    void filesAreWrittenBesideTheDeviceThread(String format) {
        stage.admit(
                work(task("a", generation("a").setOutputFormat(format).setOutputCompression(90)), latent(8, 8)),
                outbox);
        PreviewFrame.Builder frame = PreviewFrame.newBuilder().setStep(2).setTotal(4);
        stage.admit(work(task("watched", generation("w")).setFrame(frame), latent(8, 8)), outbox);
        stage.admit(work(task("b", generation("b").setOutputFormat("avif")), latent(8, 8)), outbox);
        turnAll(stage, outbox);

        assertThat(outbox.finished.get("a/0").format()).isEqualTo(format);
        assertThat(outbox.failures).containsOnlyKeys("b/0");
        assertThat(outbox.endedBy)
                .containsOnlyKeys("a/0", "watched/0", "b/0")
                .allSatisfy((sample, thread) -> assertThat(thread).isEqualTo("weir-decoder-files"));
    }

    @Test
    void aTaskWithoutALatentFailsByName() {
        stage.admit(work(task("a", generation("a"))), outbox);
        assertThat(outbox.failures.get("a/0").code()).isEqualTo("invalid_task");
        assertThat(outbox.failures.get("a/0").message()).contains("latent");
        assertThat(outbox.failures.get("a/0").retryable()).isFalse();
    }

    @Test
    void aPictureThatCannotBeWrittenFailsAloneAndForGood() {
        stage.admit(work(task("a", generation("a")), latent(8, 8)), outbox);
        stage.admit(work(task("b", generation("b").setOutputFormat("avif")), latent(8, 8)), outbox);
        stage.admit(work(task("c", generation("c")), latent(8, 8)), outbox);

        assertThat(turnAll(stage, outbox)).containsExactly(3);

        assertThat(outbox.finished).containsOnlyKeys("a/0", "c/0");
        assertThat(outbox.failures).containsOnlyKeys("b/0");
        assertThat(outbox.failures.get("b/0").code()).isEqualTo("encode_failed");
        assertThat(outbox.failures.get("b/0").message()).contains("avif");
        assertThat(outbox.failures.get("b/0").retryable()).isFalse();
    }

    private static Tensor latent(int height, int width) {
        float[] values = new float[4 * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        return Tensor.ofFloats("latent", values, 4, height, width);
    }
}
