package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.FamilyFolder;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three diffusions in one route, each on its kind of node: sizes, steps, guidance, frames, and runs that go on from checkpoints. */
final class DeepFloydStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final String SAMPLE = "a/0";
    private static final int STEPS = 4;

    @TempDir
    static Path folder;

    private static ModelFolder model;
    private static ModelCard card;

    @BeforeAll
    static void open() throws IOException {
        model = ModelFolder.open(FamilyFolder.deepFloyd(folder));
        card = Cards.toProto(model);
    }

    @Test
    void eachDiffusionIsForItsKindOfNode() {
        assertThat(card.getWorkflowsList()).singleElement().satisfies(workflow -> assertThat(workflow.getStagesList())
                .extracting(WorkflowStage::getNode)
                .containsExactly(
                        StageKind.TEXT_ENCODER,
                        StageKind.DENOISER,
                        StageKind.UPSAMPLER,
                        StageKind.SECOND_UPSAMPLER,
                        StageKind.DECODER));
        assertThat(card.getNativeSize()).as("of the whole picture").isEqualTo(128);
        assertThat(card.getUpsampleFactor()).isEqualTo(1);
    }

    @Test
    void eachSamplesAsItWasPublished() {
        assertThat(Route.stages(card, card.getWorkflows(0), generation(5)).subList(1, 4))
                .extracting(
                        stage -> stage.getForwards(),
                        stage -> stage.getSampling().getGuidanceScale(),
                        stage -> stage.getRows(),
                        stage -> stage.getWidth())
                .containsExactly(tuple(STEPS, 0f, 2, 6), tuple(50, 4f, 2, 24), tuple(75, 9f, 2, 96));
        assertThat(Route.stages(card, card.getWorkflows(0), generation(1)).subList(1, 4))
                .as("without guidance there is none in any")
                .extracting(stage -> stage.getSampling().getGuidanceScale(), stage -> stage.getRows())
                .containsExactly(tuple(0f, 1), tuple(0f, 1), tuple(0f, 1));
    }

    @Test
    void eachGoesOnFromCheckpointsAndShowsFrames() {
        Task.Builder task = task();
        List<Tensor> given = new ArrayList<>(states(task));
        int states = given.size();
        for (int position = 1; position <= 3; position++) {
            RecordingOutbox outbox = new RecordingOutbox();
            Stage stage = stage(position);
            stage.open();
            stage.admit(work(task.clone().setPosition(position), given.toArray(Tensor[]::new)), outbox);
            assertThat(stage.turn(outbox)).isEqualTo(2);
            assertFrame(position, outbox);
            assertThat(turnAll(stage, outbox)).hasSize(STEPS - 1).containsOnly(2);
            Tensor made = outbox.handedOn.get(SAMPLE).get("latent");
            assertThat(made.shape()).containsExactly(new long[][] {{3, 4, 6}, {3, 16, 24}, {4, 16, 24}}[position - 1]);

            Snapshot middle = outbox.checkpoints.get(SAMPLE).get(1);
            assertThat(middle.checkpoint().getStep()).isEqualTo(2);
            List<Tensor> kept = new ArrayList<>(given.subList(0, states));
            kept.addAll(middle.tensors());
            RecordingOutbox other = new RecordingOutbox();
            Task.Builder resumed = task.clone().setPosition(position).setResume(middle.checkpoint());
            stage.admit(work(resumed, kept.toArray(Tensor[]::new)), other);
            assertThat(turnAll(stage, other)).hasSize(STEPS - 2);
            assertThat(other.handedOn.get(SAMPLE).get("latent").toFloats()).containsExactly(made.toFloats());
            stage.close();

            given = new ArrayList<>(given.subList(0, states));
            given.add(made);
        }
    }

    /** Pixels are shown as they are, where they are; latents go to a decoder. */
    private static void assertFrame(int position, RecordingOutbox outbox) {
        boolean decodes = outbox.calls.stream().anyMatch(call -> call.contains("preview"));
        assertThat(decodes).isEqualTo(position == 3);
        if (!decodes) {
            await().until(() -> outbox.frames.containsKey(SAMPLE));
        }
    }

    private static Stage stage(int position) {
        return switch (position) {
            case 1 -> DenoiserStage.create(List.of(model), EXACT, LIMITS);
            case 2 -> UpsamplerStage.create(List.of(model), EXACT, LIMITS);
            default -> UpsamplerStage.second(List.of(model), EXACT, LIMITS);
        };
    }

    private static Generation generation(float guidance) {
        return Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(STEPS)
                .setGuidanceScale(guidance)
                .setSampler("ddpm")
                .setNoiseLevel(250)
                .setWidth(96)
                .setHeight(64)
                .setOutputFormat("png")
                .build();
    }

    /** With few steps in each diffusion. */
    private static Task.Builder task() {
        Task.Builder task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("a").setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation(5))
                .setPreview(Preview.newBuilder().setEverySteps(1).setGrade(Preview.Grade.VAE))
                .addAllRoute(Route.stages(card, card.getWorkflows(0), generation(5)));
        IntStream.of(2, 3).forEach(position -> task.getRouteBuilder(position)
                .setForwards(STEPS)
                .getSamplingBuilder()
                .setSteps(STEPS));
        return task;
    }

    private static List<Tensor> states(Task.Builder task) {
        RecordingOutbox outbox = new RecordingOutbox();
        Stage encoder = new TextEncoderStage(List.of(model), EXACT, 8);
        encoder.open();
        encoder.admit(work(task.clone()), outbox);
        encoder.turn(outbox);
        encoder.close();
        return List.copyOf(outbox.handedOn.get(SAMPLE).values());
    }
}
