package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Preview;
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
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A model with a prior: a diffusing stage over a vector, and the stage that makes the picture of it. */
final class PriorStagesTest {

    private static final ModelFolder MODEL =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/priors/pipeline"));
    private static final ModelCard CARD = Cards.toProto(MODEL);
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int EMBEDDING = 20;
    private static final int PRIOR_STEPS = 6;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<dev.weir.runtime.stage.Stage> stages = new ArrayList<>();

    @AfterEach
    void close() {
        stages.forEach(dev.weir.runtime.stage.Stage::close);
    }

    @Test
    void theRequestsSamplerIsThePicturesAndThePriorHasItsOwn() {
        List<WorkflowStage> stages = CARD.getWorkflows(0).getStagesList();
        assertThat(stages)
                .extracting(WorkflowStage::getName)
                .containsExactly("text-encoder", "prior", "denoiser", "decoder");
        assertThat(stages)
                .extracting(WorkflowStage::getNode)
                .containsExactly(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER);
        assertThat(CARD.getDefaultSampler()).isEqualTo("pndm");
        assertThat(Route.upsamplerSteps(CARD)).isZero();

        List<Stage> route = task("a", generation()).getRouteList();
        assertThat(route).extracting(Stage::getForwards).containsExactly(1, PRIOR_STEPS, 4, 1);
        assertThat(route).extracting(Stage::getRows).containsExactly(0, 1, 2, 0);
        assertThat(route.get(1).getSampling().getSampler()).isEmpty();
        assertThat(route.get(1).getSampling().getGuidanceScale()).isEqualTo(1);
        assertThat(route.get(2).getSampling().getSampler()).isEqualTo("euler_ancestral");
        assertThat(route.get(2).getSampling().hasGuidanceScale()).isFalse();
    }

    @Test
    void samplesPassAllStages() {
        var encoder = opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        var prior = opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        var denoiser = opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        var decoder = opened(new DecoderStage(List.of(MODEL), EXACT, 8));
        var names = List.of("a", "b", "c");
        var tasks = List.of(
                task("a", generation()),
                task("b", generation().setPrompt("two words of another length").setPriorGuidanceScale(3)),
                task("c", generation().setPriorSteps(3)));
        tasks.forEach(task -> encoder.admit(
                work(task.setPreview(Preview.newBuilder().setEverySteps(1).setGrade(Preview.Grade.VAE))), outbox));
        turnAll(encoder, outbox);
        assertThat(outbox.handedOn.get("a/0").keySet())
                .contains("cond/prior/encoder_hidden_states", "cond/prior/text_embeds", "cond/prior_empty/text_embeds");
        assertThat(outbox.handedOn
                        .get("a/0")
                        .get("cond/prior/encoder_hidden_states")
                        .shape()[0])
                .as("tokens of the text, and none of the padding")
                .isLessThan(outbox.handedOn
                        .get("b/0")
                        .get("cond/prior/encoder_hidden_states")
                        .shape()[0]);

        var encoded = names.stream().map(this::handedOn).toList();
        IntStream.range(0, 3).forEach(i -> prior.admit(work(tasks.get(i).setPosition(1), encoded.get(i)), outbox));
        assertThat(rows(prior)).isEqualTo(3 * 4 + 3 * 3);
        assertThat(outbox.calls).as("a vector has no picture").noneMatch(call -> call.contains("preview"));
        var vectors = names.stream().map(name -> handedOn(name)).toList();
        assertThat(vectors.get(0)[0].shape()).containsExactly(EMBEDDING, 1, 1);
        assertThat(vectors.get(0)[0].toFloats()).isNotEqualTo(vectors.get(2)[0].toFloats());

        IntStream.range(0, 3)
                .forEach(i -> denoiser.admit(
                        work(tasks.get(i).setPosition(2), with(encoded.get(i), vectors.get(i))), outbox));
        assertThat(rows(denoiser)).isEqualTo(4 * 6);
        assertThat(outbox.calls).contains("a/0 preview 1 of 4");
        IntStream.range(0, 3)
                .forEach(i -> decoder.admit(work(tasks.get(i).setPosition(3), handedOn(names.get(i))), outbox));
        turnAll(decoder, outbox);
        assertThat(outbox.failures).isEmpty();
        assertThat(outbox.finished).containsOnlyKeys("a/0", "b/0", "c/0");
    }

    /** Of all forward passes together: how many share one depends on the speed of the machine. */
    private int rows(dev.weir.runtime.stage.Stage stage) {
        return turnAll(stage, outbox).stream().mapToInt(Integer::intValue).sum();
    }

    @Test
    void bothDiffusingStagesGoOnFromCheckpointsWithTheSameBits() {
        var encoder = opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        encoder.admit(work(task("a", generation())), outbox);
        turnAll(encoder, outbox);
        Tensor[] encoded = handedOn("a");
        var prior = opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        Tensor[] vector = goesOn(prior, 1, encoded);
        var denoiser = opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        goesOn(denoiser, 2, with(encoded, vector));
    }

    /** Each checkpoint in mid-run leads to what the undisturbed run gives. A later stage's has the vector. */
    private Tensor[] goesOn(dev.weir.runtime.stage.Stage stage, int position, Tensor[] given) {
        stage.admit(work(task("a", generation()).setPosition(position), given), outbox);
        int steps = turnAll(stage, outbox).size();
        Tensor[] undisturbed = handedOn("a");
        List<Snapshot> all = outbox.checkpoints.remove("a/0");
        assertThat(all).hasSize(steps);
        assertThat(all.get(steps - 1).checkpoint().getPosition()).isEqualTo(position + 1);
        for (Snapshot from : all.subList(0, steps - 1)) {
            List<Tensor> again = new ArrayList<>(Arrays.stream(given)
                    .filter(tensor -> !tensor.name().equals("latent"))
                    .toList());
            again.addAll(from.tensors());
            stage.admit(
                    work(
                            task("a", generation()).setPosition(position).setResume(from.checkpoint()),
                            again.toArray(Tensor[]::new)),
                    outbox);
            assertThat(turnAll(stage, outbox)).hasSize(steps - from.checkpoint().getStep());
            assertThat(outbox.failures).isEmpty();
            assertThat(handedOn("a")[0].toFloats()).containsExactly(undisturbed[0].toFloats());
        }
        outbox.checkpoints.clear();
        return undisturbed;
    }

    @Test
    void aPriorWithoutTheTextsStatesFailsTheTask() {
        var prior = opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        prior.admit(work(task("a", generation()).setPosition(1)), outbox);
        assertThat(outbox.failures.get("a/0").message()).contains("encoder_hidden_states is missing");
    }

    private static Tensor[] with(Tensor[] some, Tensor[] others) {
        List<Tensor> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(others));
        return all.toArray(Tensor[]::new);
    }

    private Tensor[] handedOn(String job) {
        return outbox.handedOn.get(job + "/0").values().toArray(Tensor[]::new);
    }

    private static Generation.Builder generation() {
        return Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(4)
                .setGuidanceScale(4)
                .setPriorSteps(PRIOR_STEPS)
                .setPriorGuidanceScale(1)
                .setNoiseLevel(20)
                .setSampler("euler_ancestral")
                .setWidth(64)
                .setHeight(64)
                .setOutputFormat("png");
    }

    private static Task.Builder task(String job, Generation.Builder generation) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(1))
                .setModel(CARD.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(CARD, CARD.getWorkflows(0), generation.build()));
    }

    private dev.weir.runtime.stage.Stage opened(dev.weir.runtime.stage.Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
