package dev.weir.engine.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.EngineLog;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In which forms T2I-Adapters come, which of them fit a model, and what is said of the others. */
class T2iAdapterFilesTest {

    private static final Path HOME = ReferenceFile.path("t2i_adapters");
    private static final String CONFIG = "config.json";

    @TempDir
    Path folder;

    @RegisterExtension
    final EngineLog log = new EngineLog();

    @ParameterizedTest
    @CsvSource({"checkpoints/sd1, sd1/full, full", "checkpoints/sd1, sd1/light, light", "sdxl, sdxl/xl-full, xl-full"})
    void aFileInTheOriginalNamingIsTheAdapterOfTheFolder(String model, String place, String name) {
        JsonNode names = ReferenceFile.json("t2i_adapters/original.json").get(name);
        ControlFiles.write(folder.resolve("adapter.safetensors"), HOME.resolve(place), tensor -> names.get(tensor)
                .asText());

        requireSame(ControlFiles.fitting(model, folder).get("adapter"), HOME.resolve(place));
    }

    @ParameterizedTest
    @CsvSource({
        "checkpoints/sd1, sd1/full",
        "checkpoints/sd1, sd1/grey",
        "checkpoints/sd1, sd1/light",
        "checkpoints/sd2, sd2/sd2-full",
        "sdxl, sdxl/xl-full"
    })
    void aFileInTheNamingOfDiffusersIsTheAdapterOfTheFolder(String model, String place) {
        ControlFiles.write(folder.resolve("adapter.safetensors"), HOME.resolve(place), tensor -> tensor);

        requireSame(ControlFiles.fitting(model, folder).get("adapter"), HOME.resolve(place));
    }

    private void requireSame(ControlNet adapter, Path home) {
        assertThat(log.messages()).isEmpty();
        assertThat(adapter.isT2iAdapter()).isTrue();
        Weights expected = ComponentWeights.open(home);
        assertThat(adapter.weights().names()).containsExactlyInAnyOrderElementsOf(expected.names());
        for (String tensor : expected.names()) {
            assertThat(adapter.weights().bytes(tensor)).as(tensor).isEqualTo(expected.bytes(tensor));
        }
        ObjectNode published = (ObjectNode) JsonFile.read(home.resolve(CONFIG));
        published.remove("_diffusers_version");
        assertThat(adapter.config()).isEqualTo(published);
    }

    @Test
    void anAdapterOfAnotherFamilyIsNotOfferedAndTheLogSaysWhy() {
        assertThat(ControlFiles.fitting("sdxl", HOME.resolve("sd1"), HOME.resolve("sdxl")))
                .containsOnlyKeys("xl-full");
        assertThat(log.messages()).hasSize(3).anySatisfy(message -> assertThat(message)
                .startsWith("not a ControlNet of the model sdxl: " + HOME.resolve("sd1/full"))
                .contains("it is a T2I-Adapter for another family of models: its results are"
                        + " 8 at 1/4, 16 at 1/8, 16 at 1/16, and this model takes"
                        + " 8 at 1/8, 16 at 1/8, 16 at 1/16, 16 at 1/16"));
        log.clear();
        assertThat(ControlFiles.fitting("checkpoints/sd1", HOME.resolve("sdxl")))
                .isEmpty();
        assertThat(log.messages()).singleElement().asString().contains("xl-full", "for another family of models");
    }

    @Test
    void otherFilesAreNotOfferedAndTheLogNamesThem() throws IOException {
        Path full = HOME.resolve("sd1/full");
        ControlFiles.write(
                folder.resolve("extra.safetensors"),
                full,
                tensor -> tensor.replace("body.2.resnets.1.block2", "body.2.down_opt.op"));
        ControlFiles.write(
                folder.resolve("headless.safetensors"), full, tensor -> tensor.replace("conv_in", "conv_out"));
        Path option = Files.createDirectory(folder.resolve("option"));
        Files.copy(
                full.resolve("diffusion_pytorch_model.safetensors"),
                option.resolve("diffusion_pytorch_model.safetensors"));
        String config = Files.readString(full.resolve(CONFIG));
        Files.writeString(option.resolve(CONFIG), config.replace("full_adapter", "fuller_adapter"));
        Path pickled = Files.createDirectory(folder.resolve("pickled"));
        Files.writeString(pickled.resolve(CONFIG), config);
        Files.write(pickled.resolve("diffusion_pytorch_model.bin"), new byte[20]);

        assertThat(ControlFiles.fitting("checkpoints/sd1", folder)).isEmpty();
        assertThat(log.messages())
                .hasSize(4)
                .anySatisfy(message -> assertThat(message)
                        .contains("extra.safetensors: ", "adapter.body.2.resnets.1.block2.weight is missing"))
                .anySatisfy(message ->
                        assertThat(message).contains("headless.safetensors: adapter.conv_in.weight is missing"))
                .anySatisfy(message -> assertThat(message)
                        .contains(option + ": ", "adapter_type = \"fuller_adapter\"", "full_adapter_xl"))
                .anySatisfy(message -> assertThat(message).contains(pickled.toString(), "safetensors"));
    }
}
