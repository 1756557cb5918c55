package dev.weir.tests.stages;

import static dev.weir.tests.stages.StageChain.with;
import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.OriginalFolders;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guided diffusion and GLIDE with their upsamplers, each network on its kind of node: runs that go on from checkpoints, and the picture. */
final class OriginalFoldersStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int STEPS = 3;
    private static final int UPSAMPLED = 1;

    @TempDir
    Path folder;

    @Test
    void guidedDiffusionGoesOnFromCheckpointsWithTheSameBits() throws IOException {
        ModelFolder model = ModelFolder.open(OriginalFolders.guidedDiffusion(folder));
        try (var chain = new StageChain(model)) {
            Task.Builder task = chain.task("large", UPSAMPLED, generation());
            assertThat(task.getRouteList())
                    .extracting(Stage::getRole, Stage::getForwards, Stage::getWidth)
                    .containsExactly(
                            tuple(StageRole.DIFFUSE, STEPS, 8),
                            tuple(StageRole.DIFFUSE, 250, 16),
                            tuple(StageRole.DECODE, 1, 16));
            task.getRouteBuilder(1).setForwards(STEPS).getSamplingBuilder().setSteps(STEPS);

            Tensor[] small = chain.goesOn(chain.opened(DenoiserStage.create(List.of(model), EXACT, LIMITS)), task, 0);
            assertThat(small[0].shape()).containsExactly(3, 8, 8);
            Tensor[] large =
                    chain.goesOn(chain.opened(UpsamplerStage.create(List.of(model), EXACT, LIMITS)), task, 1, small);
            assertThat(large[0].shape()).containsExactly(3, 16, 16);

            finish(chain, model, task.setPosition(2), large);
        }
    }

    @Test
    void glideGoesOnFromCheckpointsWithTheSameBits() throws IOException {
        ModelFolder model = ModelFolder.open(OriginalFolders.glide(folder));
        try (var chain = new StageChain(model)) {
            Generation.Builder generation = generation()
                    .clearClassLabel()
                    .setPrompt("a red apple")
                    .setNegativePrompt("a photo")
                    .setGuidanceScale(3);
            Task.Builder task = chain.task("text", generation);
            assertThat(task.getRouteList())
                    .extracting(Stage::getRole, Stage::getForwards, Stage::getRows, Stage::getWidth)
                    .containsExactly(
                            tuple(StageRole.ENCODE, 1, 0, 16),
                            tuple(StageRole.DIFFUSE, STEPS, 2, 8),
                            tuple(StageRole.DIFFUSE, 27, 1, 16),
                            tuple(StageRole.DECODE, 1, 0, 16));
            task.getRouteBuilder(2).setForwards(STEPS).getSamplingBuilder().setSteps(STEPS);

            var encoder = chain.opened(new TextEncoderStage(List.of(model), EXACT, 8));
            encoder.admit(work(task.clone()), chain.outbox);
            turnAll(encoder, chain.outbox);
            Tensor[] encoded = chain.handedOn("text");
            Tensor[] small =
                    chain.goesOn(chain.opened(DenoiserStage.create(List.of(model), EXACT, LIMITS)), task, 1, encoded);
            assertThat(small[0].shape()).containsExactly(3, 8, 8);
            Tensor[] large = chain.goesOn(
                    chain.opened(UpsamplerStage.create(List.of(model), EXACT, LIMITS)), task, 2, with(encoded, small));
            assertThat(large[0].shape()).containsExactly(3, 16, 16);
            finish(chain, model, task.setPosition(3), large);
        }
    }

    private static void finish(StageChain chain, ModelFolder model, Task.Builder task, Tensor[] large) {
        var decoder = chain.opened(new DecoderStage(List.of(model), EXACT, 8));
        decoder.admit(work(task.clone(), large), chain.outbox);
        turnAll(decoder, chain.outbox);
        assertThat(chain.outbox.failures).isEmpty();
        assertThat(chain.outbox.finished).hasSize(1);
    }

    private static Generation.Builder generation() {
        return Generation.newBuilder()
                .setClassLabel(3)
                .setSeed(7)
                .setSteps(STEPS)
                .setSampler("ddpm")
                .setWidth(16)
                .setHeight(16)
                .setOutputFormat("png");
    }
}
