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
import dev.weir.proto.v1.Stage;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Kandinsky 2.2 through its stages: samples with and without a negative prompt share the forward passes of its prior. */
final class KandinskyStagesTest {

    private static final ModelFolder MODEL =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/kandinsky/pipeline"));
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int EMBEDDING = 20;
    private static final int PRIOR_STEPS = 5;
    private static final int STEPS = 4;

    private final StageChain chain = new StageChain(MODEL);

    @AfterEach
    void close() {
        chain.close();
    }

    @Test
    void samplesPassAllStages() {
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        var decoder = chain.opened(new DecoderStage(List.of(MODEL), EXACT, 8));
        var names = List.of("plain", "negative", "unguided");
        var tasks = List.of(
                chain.task("plain", generation()),
                chain.task("negative", generation().setNegativePrompt("two words of another length")),
                chain.task("unguided", generation().setGuidanceScale(1).setPriorGuidanceScale(1)));
        tasks.forEach(task -> encoder.admit(
                work(task.setPreview(Preview.newBuilder().setEverySteps(1).setGrade(Preview.Grade.VAE))),
                chain.outbox));
        turnAll(encoder, chain.outbox);
        assertThat(chain.outbox.handedOn.get("plain/0")).containsKey("uncond/image_embeds");
        assertThat(chain.outbox.handedOn.get("negative/0"))
                .containsKey("uncond/text_embeds")
                .doesNotContainKey("uncond/image_embeds");
        assertThat(chain.outbox.handedOn.get("unguided/0").keySet()).noneMatch(name -> name.startsWith("uncond/"));

        var encoded = names.stream().map(chain::handedOn).toList();
        chain.admit(prior, 1, tasks, encoded);
        assertThat(chain.rows(prior)).isEqualTo(PRIOR_STEPS * (2 + 3 + 1));
        assertThat(chain.outbox.failures).isEmpty();
        assertThat(chain.outbox.calls).as("a vector has no picture").noneMatch(call -> call.contains("preview"));
        var vectors = names.stream().map(chain::handedOn).toList();
        assertThat(vectors.get(0)[0].shape()).containsExactly(EMBEDDING, 1, 1);
        assertThat(vectors.get(1)[0].shape()).containsExactly(2 * EMBEDDING, 1, 1);

        chain.admit(denoiser, 2, tasks, with(encoded, vectors));
        assertThat(chain.rows(denoiser)).isEqualTo(STEPS * (2 + 2 + 1));
        assertThat(chain.outbox.calls).contains("plain/0 preview 1 of 4");
        chain.admit(decoder, 3, tasks, names.stream().map(chain::handedOn).toList());
        turnAll(decoder, chain.outbox);
        assertThat(chain.outbox.failures).isEmpty();
        assertThat(chain.outbox.finished).containsOnlyKeys("plain/0", "negative/0", "unguided/0");
    }

    @Test
    void bothDiffusingStagesGoOnFromCheckpointsWithTheSameBits() {
        var task = chain.task("pair", generation().setNegativePrompt("blurry"));
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        encoder.admit(work(task.clone()), chain.outbox);
        turnAll(encoder, chain.outbox);
        Tensor[] encoded = chain.handedOn("pair");
        var prior = chain.opened(DenoiserStage.create(List.of(MODEL), EXACT, LIMITS));
        Tensor[] vectors = chain.goesOn(prior, task, 1, encoded);
        var denoiser = chain.opened(UpsamplerStage.create(List.of(MODEL), EXACT, LIMITS));
        chain.goesOn(denoiser, task, 2, with(encoded, vectors));
    }

    @Test
    void thePriorIsGuidedAlsoWhereTheDecoderIsNot() {
        var generation = generation().setGuidanceScale(1);
        var route = chain.task("prior", generation).getRouteList();
        assertThat(route).extracting(Stage::getRows).containsExactly(0, 2, 1, 0);
        var encoder = chain.opened(new TextEncoderStage(List.of(MODEL), EXACT, 8));
        encoder.admit(work(chain.task("prior", generation)), chain.outbox);
        turnAll(encoder, chain.outbox);
        assertThat(Arrays.stream(chain.handedOn("prior")).map(Tensor::name)).contains("uncond/encoder_hidden_states");
    }

    private static Generation.Builder generation() {
        return Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(STEPS)
                .setGuidanceScale(4)
                .setPriorSteps(PRIOR_STEPS)
                .setPriorGuidanceScale(3)
                .setSampler("ddpm")
                .setWidth(32)
                .setHeight(32)
                .setOutputFormat("png");
    }
}
