package dev.weir.tests.stages;

import static dev.weir.tests.stages.StageChain.with;
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
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.nio.file.Path;
import java.time.Duration;
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

    private final StageChain chain = new StageChain(MODEL);
    private final RecordingOutbox outbox = chain.outbox;

    @AfterEach
    void close() {
        chain.close();
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

        List<Stage> route = chain.task("a", generation()).getRouteList();
        assertThat(route).extracting(Stage::getForwards).containsExactly(1, PRIOR_STEPS, 4, 1);
        assertThat(route).extracting(Stage::getRows).containsExactly(0, 1, 2, 0);
        assertThat(route.get(1).getSampling().getSampler()).isEmpty();
        assertThat(route.get(1).getSampling().getGuidanceScale()).isEqualTo(1);
        assertThat(route.get(2).getSampling().getSampler()).isEqualTo("euler_ancestral");
        assertThat(route.get(2).getSampling().hasGuidanceScale()).isFalse();
    }

    @Test
    void samplesPassAllStages() {
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        var decoder = chain.opened(new DecoderStage(List.of(MODEL), EXACT, 8));
        var names = List.of("a", "b", "c");
        var tasks = List.of(
                chain.task("a", generation()),
                chain.task(
                        "b",
                        generation().setPrompt("two words of another length").setPriorGuidanceScale(3)),
                chain.task("c", generation().setPriorSteps(3)));
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

        var encoded = names.stream().map(chain::handedOn).toList();
        IntStream.range(0, 3).forEach(i -> prior.admit(work(tasks.get(i).setPosition(1), encoded.get(i)), outbox));
        assertThat(chain.rows(prior)).isEqualTo(3 * 4 + 3 * 3);
        assertThat(outbox.calls).as("a vector has no picture").noneMatch(call -> call.contains("preview"));
        var vectors = names.stream().map(chain::handedOn).toList();
        assertThat(vectors.get(0)[0].shape()).containsExactly(EMBEDDING, 1, 1);
        assertThat(vectors.get(0)[0].toFloats()).isNotEqualTo(vectors.get(2)[0].toFloats());

        IntStream.range(0, 3)
                .forEach(i -> denoiser.admit(
                        work(tasks.get(i).setPosition(2), with(encoded.get(i), vectors.get(i))), outbox));
        assertThat(chain.rows(denoiser)).isEqualTo(4 * 6);
        assertThat(outbox.calls).contains("a/0 preview 1 of 4");
        IntStream.range(0, 3)
                .forEach(i -> decoder.admit(work(tasks.get(i).setPosition(3), chain.handedOn(names.get(i))), outbox));
        turnAll(decoder, outbox);
        assertThat(outbox.failures).isEmpty();
        assertThat(outbox.finished).containsOnlyKeys("a/0", "b/0", "c/0");
    }

    @Test
    void bothDiffusingStagesGoOnFromCheckpointsWithTheSameBits() {
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        var task = chain.task("a", generation());
        encoder.admit(work(task.clone()), outbox);
        turnAll(encoder, outbox);
        Tensor[] encoded = chain.handedOn("a");
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        Tensor[] vector = chain.goesOn(prior, task, 1, encoded);
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        chain.goesOn(denoiser, task, 2, with(encoded, vector));
    }

    @Test
    void aPriorWithoutTheTextsStatesFailsTheTask() {
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        prior.admit(work(chain.task("a", generation()).setPosition(1)), outbox);
        assertThat(outbox.failures.get("a/0").message()).contains("encoder_hidden_states is missing");
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
}
