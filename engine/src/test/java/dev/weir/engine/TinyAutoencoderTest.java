package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tiny autoencoder decodes the frames of a model. */
class TinyAutoencoderTest {

    private static final Path FIXTURES = Path.of("src/test/resources/reference");
    private static final Path TAESD = FIXTURES.resolve("autoencoders/taesd");
    private static final Path SD = FIXTURES.resolve("checkpoints/sd1");
    private static final Path SDXL = FIXTURES.resolve("sdxl");

    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"taesd", "vae_tiny"})
    void oneInTheModelsFolderIsFoundAndReported(String name) throws IOException {
        Path model = copy(SD, "model");
        assertThat(ModelFolder.open(model).hasTinyAutoencoder()).isFalse();
        copy(TAESD, "model/" + name);

        assertThat(ModelFolder.open(model).hasTinyAutoencoder()).isTrue();
        ModelReport report = ModelReport.inspect(model);
        assertThat(report.runs()).isTrue();
        assertThat(report.components())
                .filteredOn(component -> component.name().equals(name))
                .singleElement()
                .satisfies(tiny -> {
                    assertThat(tiny.className()).isEqualTo("AutoencoderTiny");
                    assertThat(tiny.parameters()).isPositive();
                });
    }

    @Test
    void oneThatIsGivenIsForTheLatentsOfItsName() throws IOException {
        Path sd = copy(TAESD, "taesd");
        Path sdxl = copy(TAESD, "models--madebyollin--taesdxl/snapshots/1");

        assertThat(has(SD, sd)).isTrue();
        assertThat(has(SD, sdxl)).isFalse();
        assertThat(has(SDXL, sd)).isFalse();
        assertThat(has(SDXL, sd, sdxl)).isTrue();
        assertThat(has(SDXL, temporary.resolve("models--madebyollin--taesdxl"))).isTrue();
        assertThat(has(SD, copy(TAESD, "TAESD-v1.1"))).isTrue();
        assertThat(has(FIXTURES.resolve("checkpoints/default"), sd, sdxl))
                .as("latents that nobody else has")
                .isFalse();
    }

    @Test
    void thatOfFluxHasItsChannels() throws IOException {
        Path flux = FIXTURES.resolve("flux/dev");
        Path tiny = copy(TAESD, "taef1");
        assertThat(has(SD, tiny)).isFalse();
        assertThatThrownBy(() -> has(flux, tiny)).hasMessageContaining("4 channels and scale 4");
        TestModels.edit(tiny.resolve("config.json"), "\"latent_channels\": 4", "\"latent_channels\": 16");
        assertThat(has(flux, copy(TAESD, "taesd3"), tiny)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny", "taesd4", "taef2", "my-taesd"})
    void oneOfAnotherNameIsRefusedWithWhatToDo(String name) throws IOException {
        Path given = copy(TAESD, name);

        assertThatThrownBy(() -> has(SD, given))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(given.toString())
                .hasMessageContaining("taesd, taesdxl, taesd3 or taef1")
                .hasMessageContaining("into the model's folder as taesd");
    }

    @Test
    void oneThatDoesNotFitIsRefusedByFile() throws IOException {
        Path model = copy(SD, "model");
        copy(FIXTURES.resolve("autoencoders/tiny"), "model/taesd");
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("taesd/config.json")
                .hasMessageContaining("4 channels and scale 2, which do not fit the model's of 4 and 4");

        Path other = copy(SD, "other");
        copy(SD.resolve("vae"), "other/taesd");
        assertThatThrownBy(() -> ModelFolder.open(other)).hasMessageContaining("this is no AutoencoderTiny");
    }

    @Test
    void aModelWhoseAutoencoderIsOneHasNoMatrixAndIsItsOwn() throws IOException {
        Path model = copy(SD, "model");
        assertThat(ModelFolder.open(model).latentPreview()).isPresent();
        delete(model.resolve("vae"));
        copy(TAESD, "model/vae");
        Path index = model.resolve("model_index.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(index.toFile());
        json.putArray("vae").add("diffusers").add("AutoencoderTiny");
        Files.writeString(index, json.toString());

        ModelFolder folder = ModelFolder.open(model);

        assertThat(folder.latentPreview()).isEmpty();
        assertThat(folder.hasTinyAutoencoder()).isTrue();
        Path config = model.resolve("vae/config.json");
        ObjectNode vae = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        vae.remove("scaling_factor");
        Files.writeString(config, vae.toString());
        assertThat(ModelFolder.open(model).latentPreview())
                .as("the default factor is the class's")
                .isEmpty();
    }

    @Test
    void theLatentsOfSdxlHaveTheirOwnMatrix() {
        ModelFolder sdxl = ModelFolder.open(SDXL);
        float[] zero = new float[4];

        byte[] pixels = sdxl.latentPreview()
                .orElseThrow()
                .image(new LatentShape(4, 1, 1), zero, 1)
                .pixels();

        assertThat(pixels).containsExactly(141, 125, 127);
    }

    private static boolean has(Path model, Path... given) {
        return ModelFolder.open(model, Optional.empty(), List.of(given)).hasTinyAutoencoder();
    }

    private Path copy(Path from, String name) throws IOException {
        Path to = temporary.resolve(name);
        Files.createDirectories(to.getParent());
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
