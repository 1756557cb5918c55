package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model's folder with another autoencoder in the place of its own. */
class AutoencoderFolderTest {

    private static final ComputeTarget CPU = new ComputeTarget("cpu", Precision.FP32);
    private static final Path AUTOENCODERS = Path.of("src/test/resources/reference/autoencoders");

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @CsvSource({
        "tiny, AutoencoderTiny, block_out_channels, 2",
        "asymmetric, AsymmetricAutoencoderKL, block_out_channels, 4",
        "kl-attention, AutoencoderKL, force_upcast, 2",
        "movq, VQModel, force_upcast, 2"
    })
    void aPictureComesOfEachKind(String name, String className, String optional, int scale) throws IOException {
        var folder = ModelFolder.open(modelWith(name, className, optional));
        assertThat(ModelReport.inspect(temporary.resolve("sd1")).runs()).isTrue();
        assertThat(folder.card().scale()).isEqualTo(scale);
        var shape = new LatentShape(4, 8, 6);
        try (var codec = folder.imageCodec(CPU)) {
            assertThat(codec.scale()).isEqualTo(scale);
            var image =
                    codec.decode(shape, List.of(new float[shape.size()])).get(0).orElseThrow();
            assertThat(List.of(image.width(), image.height())).isEqualTo(List.of(6 * scale, 8 * scale));
        }
    }

    @Test
    void latentsOfAnotherNumberOfChannelsAreRefused() throws IOException {
        var model = modelWith("tiny-options", "AutoencoderTiny", "block_out_channels");
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("in_channels is 4, which does not fit 16 of the vae's latents");
    }

    @Test
    void anotherAutoencoderThatDoesNotFitIsToBlameAndNotTheModel() throws IOException {
        Path other = TestModels.copy(TestModels.checkpoint("sd1").resolve("vae"), temporary.resolve("wide"));
        TestModels.edit(other.resolve("config.json"), "\"latent_channels\": 4", "\"latent_channels\": 16");
        assertThatThrownBy(() ->
                        ModelFolder.open(TestModels.checkpoint("sd1"), Optional.empty(), List.of(), Optional.of(other)))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(other + ": this autoencoder does not fit the model: ")
                .hasMessageContaining("in_channels is 4, which does not fit 16 of the vae's latents");
    }

    /** @param optional a key that diffusers writes and that the autoencoder does not need */
    private Path modelWith(String name, String className, String optional) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(
                    AUTOENCODERS.resolve(name).resolve(file),
                    model.resolve("vae").resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Path config = model.resolve("vae/config.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        json.remove(optional);
        Files.writeString(config, json.toString());
        TestModels.setComponent(model, "StableDiffusionPipeline", "vae", className);
        return model;
    }
}
