package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SDXL's base and refiner share a schedule, each on its kind of node, and the refiner goes on from checkpoints. */
final class RefinedStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final ModelFolder MODEL =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/sdxl_refiner"));
    private static final ModelCard CARD = Cards.toProto(MODEL);
    private static final String SAMPLE = "a/0";

    private final RecordingOutbox outbox = new RecordingOutbox();

    @Test
    void theRefinerRunsOnUpsamplerNodes() {
        assertThat(CARD.getWorkflowsList()).first().satisfies(workflow -> assertThat(workflow.getStagesList())
                .extracting(WorkflowStage::getNode)
                .containsExactly(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER));
    }

    @Test
    void theStagesShareTheStepsAsTheRequestSays() {
        assertThat(forwards(20, 0.8)).containsExactly(16, 4);
        assertThat(forwards(20, 0.5)).containsExactly(10, 10);
        assertThat(forwards(5, 0.8)).containsExactly(4, 1);
        assertThat(forwards(20, 1)).as("without the refiner").containsExactly(20);
        assertThat(forwards(4, 0.8))
                .as("not a whole step is left for the refiner")
                .containsExactly(4);
        assertThat(forwards(1, 0.8)).containsExactly(1);
    }

    @Test
    void theRefinersRunGoesOnFromAnyStepAndNeedsNothingOfTheBase() {
        Task.Builder task = task(10, 0.7, "euler_ancestral");
        Tensor[] states = states(task);
        dev.weir.runtime.stage.Stage base = DenoiserStage.create(List.of(MODEL), EXACT, LIMITS);
        base.open();
        base.admit(work(task.clone().setPosition(1), states), outbox);
        assertThat(turnAll(base, outbox)).hasSize(7);
        base.close();
        Tensor latent = outbox.handedOn.get(SAMPLE).get("latent");
        List<Snapshot> checkpoints = new ArrayList<>(outbox.checkpoints.remove(SAMPLE));
        Snapshot begin = checkpoints.get(checkpoints.size() - 1);
        assertThat(begin.checkpoint().getPosition()).isEqualTo(2);

        dev.weir.runtime.stage.Stage refiner = UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS);
        refiner.open();
        refiner.admit(work(task.clone().setPosition(2), and(states, List.of(latent))), outbox);
        assertThat(turnAll(refiner, outbox)).containsExactly(2, 2, 2);
        float[] undisturbed = outbox.handedOn.get(SAMPLE).get("latent").toFloats();
        List<Snapshot> inMidRun = outbox.checkpoints.get(SAMPLE).subList(0, 2);

        for (Snapshot from : List.of(begin, inMidRun.get(0), inMidRun.get(1))) {
            outbox.handedOn.clear();
            Task.Builder resumed = task.clone().setPosition(2).setResume(from.checkpoint());
            refiner.admit(work(resumed, and(states, from.tensors())), outbox);
            assertThat(turnAll(refiner, outbox)).hasSize(3 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.get(SAMPLE).get("latent").toFloats()).containsExactly(undisturbed);
        }
        refiner.close();
    }

    private static List<Integer> forwards(int steps, double refinerStart) {
        return task(steps, refinerStart, "euler").getRouteList().stream()
                .filter(Stage::hasSampling)
                .map(Stage::getForwards)
                .toList();
    }

    private static Task.Builder task(int steps, double refinerStart, String sampler) {
        Generation generation = Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(steps)
                .setGuidanceScale(4)
                .setSampler(sampler)
                .setRefinerStart(refinerStart)
                .setWidth(48)
                .setHeight(64)
                .setOutputFormat("png")
                .build();
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("a").setAttempt(1))
                .setModel(CARD.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(CARD, CARD.getWorkflows(0), generation));
    }

    private Tensor[] states(Task.Builder task) {
        var encoder = new TextEncoderStage(List.of(MODEL), EXACT, 8);
        RecordingOutbox encoded = new RecordingOutbox();
        encoder.open();
        encoder.admit(work(task.clone()), encoded);
        encoder.turn(encoded);
        encoder.close();
        return encoded.handedOn.get(SAMPLE).values().toArray(Tensor[]::new);
    }

    private static Tensor[] and(Tensor[] states, List<Tensor> more) {
        return Stream.concat(Stream.of(states), more.stream()).toArray(Tensor[]::new);
    }
}
