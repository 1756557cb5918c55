package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.cascade;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The real networks, continued from checkpoints: latents and images are bit-identical. */
final class ResumedStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final String SAMPLE = "a/0";

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private Tensor[] contexts;

    @BeforeEach
    void encode() {
        Stage encoder = opened(new TextEncoderStage(List.of(TINY), EXACT, 8));
        RecordingOutbox encoded = new RecordingOutbox();
        encoder.admit(work(task("text", generation("a red apple"))), encoded);
        encoder.turn(encoded);
        contexts = encoded.handedOn.get("text/0").values().toArray(Tensor[]::new);
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    @Test
    void anUpsamplersRunGoesOnFromAnyStepAndNeedsNothingOfTheDenoiser() {
        Task.Builder task = cascade("a", 3);
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.clone().setPosition(1), contexts), outbox);
        turnAll(denoiser, outbox);
        Tensor[] base = with(List.of(outbox.handedOn.get(SAMPLE).get("latent")));
        List<Snapshot> checkpoints = new ArrayList<>(outbox.checkpoints.remove(SAMPLE));
        Snapshot begin = checkpoints.get(checkpoints.size() - 1);
        assertThat(begin.checkpoint().getPosition()).isEqualTo(2);

        Stage upsampler = opened(UpsamplerStage.create(List.of(TINY), EXACT, LIMITS));
        upsampler.admit(work(task.clone().setPosition(2), base), outbox);
        turnAll(upsampler, outbox);
        float[] undisturbed = outbox.handedOn.get(SAMPLE).get("latent").toFloats();
        List<Snapshot> inMidRun = outbox.checkpoints.get(SAMPLE).subList(0, 2);

        for (Snapshot from : List.of(begin, inMidRun.get(0), inMidRun.get(1))) {
            outbox.handedOn.clear();
            upsampler.admit(
                    work(task.clone().setPosition(2).setResume(from.checkpoint()), with(from.tensors())), outbox);
            assertThat(turnAll(upsampler, outbox)).hasSize(3 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.get(SAMPLE).get("latent").toFloats()).containsExactly(undisturbed);
        }
    }

    @Test
    void aDecoderMakesTheSamePictureOfALatentThatWasKept() {
        Task.Builder task = task("a", generation("a red apple"));
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.clone().setPosition(1), contexts), outbox);
        turnAll(denoiser, outbox);
        List<Snapshot> checkpoints = outbox.checkpoints.get(SAMPLE);
        Snapshot last = checkpoints.get(checkpoints.size() - 1);

        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Tensor latent = outbox.handedOn.get(SAMPLE).get("latent");
        decoder.admit(work(task.clone().setPosition(2), latent), outbox);
        turnAll(decoder, outbox);
        byte[] undisturbed = outbox.finished.remove(SAMPLE).bytes();
        decoder.admit(
                work(
                        task.setPosition(2).setResume(last.checkpoint()),
                        last.tensors().toArray(Tensor[]::new)),
                outbox);
        turnAll(decoder, outbox);

        assertThat(outbox.finished.get(SAMPLE).bytes()).isEqualTo(undisturbed);
    }

    private Tensor[] with(List<Tensor> more) {
        List<Tensor> tensors = new ArrayList<>(Arrays.asList(contexts));
        tensors.addAll(more);
        return tensors.toArray(Tensor[]::new);
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
