package dev.weir.tests.stages;

import static dev.weir.tests.stages.FamilyStages.DENOISER;
import static dev.weir.tests.stages.FamilyStages.SAMPLE;
import static dev.weir.tests.stages.Tasks.EXACT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.FamilyFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A latent consistency model at its stages: one network row a step, all steps whatever the strength, and runs that continue. */
final class FewStepStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private FamilyStages family;

    @BeforeEach
    void open() throws IOException {
        family = new FamilyStages(FamilyFolder.latentConsistency(folder.resolve("lcm")));
    }

    @Test
    void allStepsOfAnImagesRunAreDoneAndEachIsOneRow() {
        Stage stage = family.task("image_to_image", generation()).getRoute(DENOISER);

        assertThat(stage.getForwards()).isEqualTo(4);
        assertThat(stage.getRows()).isEqualTo(1);
        assertThat(family.task("inpainting", generation()).getRoute(DENOISER).getForwards())
                .as("diffusers has no pipeline of these models for it")
                .isEqualTo(2);
    }

    @Test
    void aRunContinuesFromAnyStep() throws IOException {
        Task.Builder task = family.task("image_to_image", generation());
        List<Tensor> given = family.encoded(task);
        var denoiser = DenoiserStage.create(List.of(family.model), EXACT, LIMITS);
        denoiser.open();
        assertThat(FamilyStages.run(denoiser, task, given, outbox)).containsExactly(1, 1, 1, 1);
        float[] undisturbed = outbox.handedOn.remove(SAMPLE).get("latent").toFloats();
        for (Snapshot from : List.copyOf(outbox.checkpoints.get(SAMPLE)).subList(0, 3)) {
            assertThat(FamilyStages.resumed(denoiser, task, given, from, outbox))
                    .hasSize(4 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.remove(SAMPLE).get("latent").toFloats()).containsExactly(undisturbed);
        }
        denoiser.close();
    }

    private static Generation.Builder generation() {
        return Tasks.generation("a red apple")
                .setSampler("lcm")
                .setGuidanceScale(8.5f)
                .setStrength(0.5);
    }
}
