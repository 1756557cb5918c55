package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which scheduler a model has, where its files name different ones. */
final class SchedulerClassTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "checkpoints/sd1, DDIMScheduler, EulerDiscreteScheduler, euler",
        "sdxl, EulerDiscreteScheduler, DDIMScheduler, ddim",
        "variations/plain, PNDMScheduler, EulerDiscreteScheduler, euler",
        "variations/unclip, PNDMScheduler, DDIMScheduler, ddim",
        "priors/pipeline, PNDMScheduler, DDIMScheduler, ddim"
    })
    void theClassInTheModelsIndexCountsAndThatInWeirJsonMore(String folder, String own, String other, String sampler)
            throws IOException {
        Path model = TestModels.copy(ReferenceFile.path(folder), temporary.resolve("model"));

        TestModels.edit(model.resolve("model_index.json"), own, other);
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo(sampler);

        Files.writeString(model.resolve("weir.json"), "{\"scheduler\": {\"_class_name\": \"HeunDiscreteScheduler\"}}");
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo("heun");
    }
}
