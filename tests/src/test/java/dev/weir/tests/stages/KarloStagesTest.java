package dev.weir.tests.stages;

import static dev.weir.tests.stages.StageChain.with;
import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Karlo through its stages: three diffusions, of a vector and of pixels in two sizes. */
final class KarloStagesTest {

    private static final ModelFolder MODEL =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/karlo/pipeline"));
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int PRIOR_STEPS = 5;
    private static final int STEPS = 4;
    private static final int LARGE_STEPS = 7;

    private final StageChain chain = new StageChain(MODEL);

    @AfterEach
    void close() {
        chain.close();
    }

    @Test
    void eachDiffusionIsForAnotherKindOfNode() {
        var stages = Cards.toProto(MODEL).getWorkflows(0).getStagesList();
        assertThat(stages)
                .extracting(WorkflowStage::getNode)
                .containsExactly(
                        StageKind.TEXT_ENCODER,
                        StageKind.DENOISER,
                        StageKind.UPSAMPLER,
                        StageKind.SECOND_UPSAMPLER,
                        StageKind.DECODER);
        var route = chain.task("a", generation()).getRouteList();
        assertThat(route)
                .extracting(stage -> stage.getForwards())
                .containsExactly(1, PRIOR_STEPS, STEPS, LARGE_STEPS, 1);
        assertThat(route).extracting(stage -> stage.getWidth()).containsExactly(32, 32, 8, 32, 32);
    }

    @Test
    void samplesPassAllStages() {
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        var upsampler = chain.opened(UpsamplerStage.second(List.of(MODEL), EXACT, LIMITS));
        var decoder = chain.opened(new DecoderStage(List.of(MODEL), EXACT, 8));
        var names = List.of("short", "long", "unguided");
        var tasks = List.of(
                chain.task("short", generation()),
                chain.task(
                        "long",
                        generation()
                                .setPrompt("some words of quite another length")
                                .setSteps(STEPS + 1)),
                chain.task("unguided", generation().setGuidanceScale(1).setPriorGuidanceScale(1)));
        tasks.forEach(task -> encoder.admit(
                work(task.setPreview(Preview.newBuilder().setEverySteps(1).setGrade(Preview.Grade.LATENT_RGB))),
                chain.outbox));
        turnAll(encoder, chain.outbox);
        var encoded = names.stream().map(chain::handedOn).toList();
        chain.admit(prior, 1, tasks, encoded);
        assertThat(chain.rows(prior)).isEqualTo(PRIOR_STEPS * (2 + 2 + 1));
        var vectors = names.stream().map(chain::handedOn).toList();
        chain.admit(denoiser, 2, tasks, with(encoded, vectors));
        assertThat(chain.rows(denoiser)).isEqualTo(STEPS * 2 + (STEPS + 1) * 2 + STEPS);
        var small = names.stream().map(chain::handedOn).toList();
        assertThat(small.get(0)[0].shape()).containsExactly(3, 8, 8);
        chain.admit(upsampler, 3, tasks, small);
        assertThat(chain.rows(upsampler)).isEqualTo(3 * LARGE_STEPS);
        var large = names.stream().map(chain::handedOn).toList();
        assertThat(large.get(0)[0].shape()).containsExactly(3, 32, 32);
        chain.admit(decoder, 4, tasks, large);
        turnAll(decoder, chain.outbox);
        assertThat(chain.outbox.failures).isEmpty();
        assertThat(chain.outbox.finished).containsOnlyKeys("short/0", "long/0", "unguided/0");
    }

    @Test
    void allDiffusingStagesGoOnFromCheckpointsWithTheSameBits() {
        var task = chain.task("a", generation());
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        encoder.admit(work(task.clone()), chain.outbox);
        turnAll(encoder, chain.outbox);
        Tensor[] encoded = chain.handedOn("a");
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        Tensor[] vector = chain.goesOn(prior, task, 1, encoded);
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        Tensor[] small = chain.goesOn(denoiser, task, 2, with(encoded, vector));
        var upsampler = chain.opened(UpsamplerStage.second(List.of(MODEL), EXACT, LIMITS));
        chain.goesOn(upsampler, task, 3, small);
    }

    private static Generation.Builder generation() {
        return Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(STEPS)
                .setGuidanceScale(8)
                .setPriorSteps(PRIOR_STEPS)
                .setPriorGuidanceScale(3)
                .setSampler("unclip")
                .setWidth(32)
                .setHeight(32)
                .setOutputFormat("png");
    }
}
