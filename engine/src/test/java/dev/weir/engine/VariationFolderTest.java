package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders of models that vary a picture: what does not fit is named, by opening and by inspecting. */
class VariationFolderTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain | image_encoder/config.json | \"projection_dim\": 32 | \"projection_dim\": 33 | cross_attention_dim is 32, which does not fit 33 of the image encoder's embedding",
                "plain | unet/config.json | \"in_channels\": 4 | \"in_channels\": 9 | in_channels is 9, which does not fit 4 of the vae's latents",
                "plain | model_index.json | \"CLIPVisionModelWithProjection\" | \"SiglipVisionModel\" | SiglipVisionModel is not one of [CLIPVisionModelWithProjection]",
                "plain | model_index.json | \"CLIPImageProcessor\" | \"ViTImageProcessor\" | ViTImageProcessor is not one of",
                "unclip | image_normalizer/config.json | \"embedding_dim\": 20 | \"embedding_dim\": 21 | embedding_dim is 21, which does not fit 20 of the image encoder's embedding",
                "unclip | unet/config.json | \"projection_class_embeddings_input_dim\": 40 | \"projection_class_embeddings_input_dim\": 20 | the UNet takes no class_labels of 40 numbers",
                "unclip | model_index.json | \"DDPMScheduler\" | \"EulerDiscreteScheduler\" | EulerDiscreteScheduler is not one of [DDPMScheduler, DDIMScheduler]",
            })
    void whatDoesNotFitIsNamed(String model, String file, String was, String becomes, String message)
            throws IOException {
        Path folder = TestModels.copy(ReferenceFile.path("variations/" + model), temporary.resolve(model));
        TestModels.edit(folder.resolve(file), was, becomes);

        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
        assertThat(ModelReport.inspect(folder).problem()).get().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource({"plain, image_encoder", "plain, feature_extractor", "unclip, image_normalizer"})
    void aPartThatIsMissingIsInTheReport(String model, String part) throws IOException {
        Path folder = TestModels.copy(ReferenceFile.path("variations/" + model), temporary.resolve(model));
        assertThat(ModelReport.inspect(folder).runs()).isTrue();
        try (var files = Files.list(folder.resolve(part))) {
            for (Path file : files.filter(file -> !file.endsWith("config.json")).toList()) {
                Files.delete(file);
            }
        }

        assertThat(ModelReport.inspect(folder).components())
                .filteredOn(component -> component.problem().isPresent())
                .extracting(ModelReport.Component::name)
                .containsExactly(part);
    }

    @Test
    void otherWeightsOfTheNormalizerAreAnotherModel() throws IOException {
        Path folder = TestModels.copy(ReferenceFile.path("variations/unclip"), temporary.resolve("unclip"));
        var before = ModelFolder.open(folder).fingerprints();
        TestModels.poison(folder.resolve("image_normalizer"), "std", 2);
        var after = ModelFolder.open(folder).fingerprints();

        assertThat(after.get("image_normalizer")).isNotEqualTo(before.get("image_normalizer"));
        assertThat(after.get("image_encoder")).isEqualTo(before.get("image_encoder"));
    }
}
