package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Models that vary a picture: text encoder nodes see it, and runs of it go on from checkpoints. */
final class VariationStagesTest {

    private static final Path REFERENCE = Path.of("../engine/src/test/resources/reference");
    private static final ModelFolder PLAIN = ModelFolder.open(REFERENCE.resolve("variations/plain"));
    private static final ModelFolder UNCLIP = ModelFolder.open(REFERENCE.resolve("variations/unclip"));
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    @Test
    void textEncoderNodesSeeThePictureOfAModelWithoutText() {
        ModelCard card = Cards.toProto(PLAIN);
        assertThat(card.getWorkflowsList()).singleElement().satisfies(workflow -> {
            assertThat(workflow.getName()).isEqualTo("image_variation");
            assertThat(workflow.getOwnSize()).isTrue();
            assertThat(workflow.getStagesList())
                    .extracting(WorkflowStage::getName)
                    .containsExactly("vision-encoder", "denoiser", "decoder");
            assertThat(workflow.getStagesList())
                    .extracting(WorkflowStage::getNode)
                    .containsExactly(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);
        });
    }

    /** Two stages in a row on one kind of node could wait for each other's room. */
    @Test
    void oneStageReadsThePromptAndSeesThePicture() throws IOException {
        ModelCard card = Cards.toProto(UNCLIP);
        assertThat(card.getWorkflows(0).getStagesList())
                .extracting(WorkflowStage::getName)
                .containsExactly("text-encoder", "denoiser", "decoder");
        assertThat(card.getWorkflows(0).getStages(0).getNode()).isEqualTo(StageKind.TEXT_ENCODER);
        Stage encoder = opened(new TextEncoderStage(List.of(PLAIN, UNCLIP), EXACT, 8));
        encoder.admit(work(task(UNCLIP, "quiet"), file("photo.png")), outbox);
        Task.Builder noisy = task(UNCLIP, "noisy");
        noisy.getGenerationBuilder().setNoiseLevel(900).setPrompt("a red apple");
        encoder.admit(work(noisy, file("photo.png")), outbox);
        Task.Builder beyond = task(UNCLIP, "beyond");
        beyond.getGenerationBuilder().setNoiseLevel(1000);
        encoder.admit(work(beyond, file("photo.png")), outbox);
        assertThat(turnAll(encoder, outbox)).containsExactly(3);

        assertThat(outbox.handedOn.get("quiet/0"))
                .containsOnlyKeys(
                        "cond/encoder_hidden_states", "uncond/encoder_hidden_states", "image/mean", "image/deviation");
        float quiet = outbox.handedOn.get("quiet/0").get("image/deviation").toFloats()[0];
        float loud = outbox.handedOn.get("noisy/0").get("image/deviation").toFloats()[0];
        assertThat(loud).isGreaterThan(10 * quiet);
        assertThat(outbox.failures).containsOnlyKeys("beyond/0");
        assertThat(outbox.failures.get("beyond/0").message()).contains("noise_level", "999");
    }

    @Test
    void samplesOfOneTurnGetTheirOwnPictures() throws IOException {
        Stage encoder = opened(new TextEncoderStage(List.of(PLAIN), EXACT, 8));
        encoder.admit(work(task(PLAIN, "a"), file("photo.png")), outbox);
        encoder.admit(work(task(PLAIN, "b"), file("mask.png")), outbox);
        encoder.admit(work(task(PLAIN, "c"), file("photo.png")), outbox);
        assertThat(turnAll(encoder, outbox)).containsExactly(3);

        float[] photo = embeds("a/0");
        assertThat(embeds("c/0")).containsExactly(photo);
        assertThat(Arrays.equals(embeds("b/0"), photo)).isFalse();
        outbox.handedOn.clear();
        encoder.admit(work(task(PLAIN, "b"), file("photo.png")), outbox);
        turnAll(encoder, outbox);
        assertThat(embeds("b/0")).containsExactly(photo, within(1e-6f));
        assertThat(outbox.calls).as("no prompt was looked up").noneMatch(call -> call.contains("remembered"));
    }

    @Test
    void aTaskWhosePictureCannotBeReadFailsAlone() throws IOException {
        Stage encoder = opened(new TextEncoderStage(List.of(PLAIN), EXACT, 8));
        byte[] cut = Arrays.copyOf(file("photo.png").toBytes(), 2000);
        encoder.admit(work(task(PLAIN, "cut"), Tensor.ofBytes("input/init_image", cut)), outbox);
        encoder.admit(work(task(PLAIN, "lost")), outbox);
        encoder.admit(work(task(PLAIN, "whole"), file("photo.png")), outbox);
        turnAll(encoder, outbox);

        assertThat(outbox.handedOn).containsOnlyKeys("whole/0");
        assertThat(outbox.failures).containsOnlyKeys("cut/0", "lost/0");
        assertThat(outbox.failures.values()).allSatisfy(failure -> {
            assertThat(failure.code()).isEqualTo("invalid_image");
            assertThat(failure.retryable()).isFalse();
        });
        assertThat(outbox.failures.get("cut/0").message()).startsWith("init_image: ");
        assertThat(outbox.failures.get("lost/0").message()).contains("input/init_image");
    }

    @Test
    void aRunGoesOnInMidRunFromThePictureAndItsCheckpoint() throws IOException {
        goesOn(PLAIN);
        goesOn(UNCLIP);
    }

    private void goesOn(ModelFolder model) throws IOException {
        Stage encoder = opened(new TextEncoderStage(List.of(model), EXACT, 8));
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        Tensor[] given = encoded(encoder, model);
        denoiser.admit(work(task(model, "a").setPosition(1), given), outbox);
        assertThat(turnAll(denoiser, outbox)).hasSize(4);
        float[] undisturbed = outbox.handedOn.get("a/0").get("latent").toFloats();
        for (Snapshot from : List.copyOf(outbox.checkpoints.remove("a/0")).subList(0, 3)) {
            assertThat(from.tensors()).noneMatch(tensor -> tensor.name().contains("image/"));
            List<Tensor> again = new ArrayList<>(List.of(encoded(encoder, model)));
            again.addAll(from.tensors());
            denoiser.admit(
                    work(task(model, "a").setPosition(1).setResume(from.checkpoint()), again.toArray(Tensor[]::new)),
                    outbox);
            assertThat(turnAll(denoiser, outbox)).hasSize(4 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.get("a/0").get("latent").toFloats()).containsExactly(undisturbed);
        }
        outbox.checkpoints.clear();
    }

    @Test
    void aDenoiserWithoutThePictureFailsTheTask() {
        Stage denoiser = opened(DenoiserStage.create(List.of(PLAIN), EXACT, LIMITS));
        denoiser.admit(work(task(PLAIN, "a").setPosition(1)), outbox);
        assertThat(outbox.failures.get("a/0").message()).contains("image");
    }

    private Tensor[] encoded(Stage encoder, ModelFolder model) throws IOException {
        encoder.admit(work(task(model, "a"), file("photo.png")), outbox);
        turnAll(encoder, outbox);
        assertThat(outbox.failures).isEmpty();
        return outbox.handedOn.remove("a/0").values().toArray(Tensor[]::new);
    }

    private float[] embeds(String sample) {
        assertThat(outbox.handedOn.get(sample)).containsOnlyKeys("image/image_embeds");
        return outbox.handedOn.get(sample).get("image/image_embeds").toFloats();
    }

    private static Task.Builder task(ModelFolder model, String job) {
        ModelCard card = Cards.toProto(model);
        Generation generation = Generation.newBuilder()
                .setSeed(7)
                .setSteps(4)
                .setGuidanceScale(4)
                .setSampler("euler_ancestral")
                .setWidth(64)
                .setHeight(64)
                .setOutputFormat("png")
                .build();
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(card, card.getWorkflows(0), generation));
    }

    private static Tensor file(String name) throws IOException {
        return Tensor.ofBytes("input/init_image", Files.readAllBytes(REFERENCE.resolve("images/" + name)));
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
