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
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Cascade and Wuerstchen through their stages: the prior's samples are small pictures of many channels. */
final class PicturePriorStagesTest {

    private static final Path FAMILIES = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int PRIOR_STEPS = 5;
    private static final int STEPS = 3;

    private ModelFolder model;
    private StageChain chain;

    private void open(String family) {
        model = ModelFolder.open(FAMILIES.resolve(family).resolve("pipeline"));
        chain = new StageChain(model);
    }

    @AfterEach
    void close() {
        chain.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stable_cascade", "wuerstchen"})
    void samplesOfSeveralSizesPassAllStages(String family) {
        open(family);
        var encoder = chain.opened(new TextEncoderStage(List.of(model), EXACT, 8));
        var prior = chain.opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        var denoiser = chain.opened(UpsamplerStage.create(List.of(model), EXACT, LIMITS));
        var decoder = chain.opened(new DecoderStage(List.of(model), EXACT, 8));
        var names = List.of("plain", "wide", "unguided");
        var tasks = List.of(
                chain.task("plain", generation()),
                chain.task("wide", generation().setWidth(256).setGuidanceScale(2)),
                chain.task("unguided", generation().setPriorGuidanceScale(1)));
        tasks.forEach(task -> encoder.admit(
                work(task.setPreview(Preview.newBuilder().setEverySteps(1).setGrade(Preview.Grade.VAE))),
                chain.outbox));
        turnAll(encoder, chain.outbox);
        var encoded = names.stream().map(chain::handedOn).toList();
        chain.admit(prior, 1, tasks, encoded);
        assertThat(chain.rows(prior)).isEqualTo(PRIOR_STEPS * (2 + 2 + 1));
        assertThat(chain.outbox.calls)
                .as("what a prior makes is no picture")
                .noneMatch(call -> call.contains("preview"));
        var made = names.stream().map(chain::handedOn).toList();
        assertThat(made.get(0)[0].shape()).containsExactly(6, 3, 3);
        assertThat(made.get(1)[0].shape()).containsExactly(6, 3, 6);
        chain.admit(denoiser, 2, tasks, with(encoded, made));
        assertThat(chain.rows(denoiser)).isEqualTo(STEPS * (1 + 2 + 1));
        assertThat(chain.outbox.calls).contains("plain/0 preview 1 of 3");
        var latents = names.stream().map(chain::handedOn).toList();
        assertThat(latents.get(1)[0].shape()).containsExactly(4, 32, 64);
        chain.admit(decoder, 3, tasks, latents);
        turnAll(decoder, chain.outbox);
        assertThat(chain.outbox.failures).isEmpty();
        assertThat(chain.outbox.finished).containsOnlyKeys("plain/0", "wide/0", "unguided/0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stable_cascade", "wuerstchen"})
    void bothDiffusingStagesGoOnFromCheckpointsWithTheSameBits(String family) {
        open(family);
        var task = chain.task("a", generation());
        var encoder = chain.opened(new TextEncoderStage(List.of(model), EXACT, 8));
        encoder.admit(work(task.clone()), chain.outbox);
        turnAll(encoder, chain.outbox);
        Tensor[] encoded = chain.handedOn("a");
        var prior = chain.opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        Tensor[] made = chain.goesOn(prior, task, 1, encoded);
        var denoiser = chain.opened(UpsamplerStage.create(List.of(model), EXACT, LIMITS));
        chain.goesOn(denoiser, task, 2, with(encoded, made));
    }

    private static Generation.Builder generation() {
        return Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(STEPS)
                .setGuidanceScale(0)
                .setPriorSteps(PRIOR_STEPS)
                .setPriorGuidanceScale(3)
                .setSampler("wuerstchen")
                .setWidth(128)
                .setHeight(128)
                .setOutputFormat("png");
    }
}
