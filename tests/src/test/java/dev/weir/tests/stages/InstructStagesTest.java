package dev.weir.tests.stages;

import static dev.weir.tests.stages.FamilyStages.DENOISER;
import static dev.weir.tests.stages.FamilyStages.SAMPLE;
import static dev.weir.tests.stages.Tasks.EXACT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
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

/** A model that edits pictures at its stages: three network rows a step, and runs that continue. */
final class InstructStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private FamilyStages family;

    @BeforeEach
    void open() throws IOException {
        family = new FamilyStages(FamilyFolder.instructPix2Pix(folder.resolve("edit")));
    }

    @Test
    void aGuidedStepIsThreeRows() {
        assertThat(rows(generation())).isEqualTo(3);
        assertThat(rows(generation().setGuidanceScale(1))).isEqualTo(1);
        assertThat(rows(generation().setImageGuidanceScale(0.9f))).isEqualTo(1);
    }

    private int rows(Generation.Builder generation) {
        return family.task("image_editing", generation).getRoute(DENOISER).getRows();
    }

    @Test
    void aRunContinuesFromAnyStep() throws IOException {
        Task.Builder task = family.task("image_editing", generation());
        assertThat(task.getRouteList().stream().map(stage -> stage.getName()))
                .containsExactly("text-encoder", "image-encoder", "denoiser", "decoder");
        List<Tensor> given = family.encoded(task);
        var denoiser = DenoiserStage.create(List.of(family.model), EXACT, LIMITS);
        denoiser.open();
        assertThat(FamilyStages.run(denoiser, task, given, outbox)).containsExactly(3, 3, 3, 3);
        float[] undisturbed = outbox.handedOn.remove(SAMPLE).get("latent").toFloats();
        for (Snapshot from : List.copyOf(outbox.checkpoints.get(SAMPLE)).subList(0, 3)) {
            assertThat(from.tensors()).noneMatch(tensor -> tensor.name().contains("image/"));
            assertThat(FamilyStages.resumed(denoiser, task, given, from, outbox))
                    .hasSize(4 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.remove(SAMPLE).get("latent").toFloats()).containsExactly(undisturbed);
        }
        denoiser.close();
    }

    @Test
    void aRunWithoutGuidanceIsOneRow() throws IOException {
        Task.Builder task = family.task("image_editing", generation().setImageGuidanceScale(0.5f));
        var denoiser = DenoiserStage.create(List.of(family.model), EXACT, LIMITS);
        denoiser.open();
        assertThat(FamilyStages.run(denoiser, task, family.encoded(task), outbox))
                .containsExactly(1, 1, 1, 1);
        denoiser.close();
    }

    private static Generation.Builder generation() {
        return Tasks.generation("make it a red apple")
                .setSampler("euler_ancestral")
                .setImageGuidanceScale(1.5f);
    }
}
