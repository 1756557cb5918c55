package dev.weir.engine.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.EngineLog;
import dev.weir.engine.ModelException;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which ControlNets of a folder fit a model, in which forms they come, and what is said of the others. */
class ControlNetFoldersTest {

    private static final Path HOME = ReferenceFile.path("controlnets");
    private static final Path EDGES = HOME.resolve("sd1/edges");

    @TempDir
    Path folder;

    @RegisterExtension
    final EngineLog log = new EngineLog();

    @ParameterizedTest
    @ValueSource(strings = {"control_model.", ""})
    void aFileInTheOriginalNamingHasTheTensorsOfTheFolder(String prefix) {
        JsonNode names = ReferenceFile.json("controlnets/original.json");
        ControlFiles.write(folder.resolve("original.safetensors"), EDGES, tensor -> names.get(tensor)
                .asText()
                .replaceFirst("^control_model\\.", prefix));

        ControlNet net = ControlFiles.fitting("checkpoints/sd1", folder).get("original");

        assertThat(log.messages()).isEmpty();
        requireSame(net);
    }

    @Test
    void aFileInTheNamingOfDiffusersIsTheSameNet() {
        ControlFiles.write(folder.resolve("same.safetensors"), EDGES, tensor -> tensor);

        ControlNet net = ControlFiles.fitting("checkpoints/sd1", folder).get("same");

        requireSame(net);
        assertThat(net.config().path("conditioning_embedding_out_channels").toString())
                .isEqualTo("[4,8,12]");
    }

    private static void requireSame(ControlNet net) {
        Weights expected = ComponentWeights.open(EDGES);
        assertThat(net.weights().names()).containsExactlyInAnyOrderElementsOf(expected.names());
        for (String tensor : expected.names()) {
            assertThat(net.weights().bytes(tensor)).as(tensor).isEqualTo(expected.bytes(tensor));
        }
    }

    @Test
    void aNetOfAnotherFamilyIsNotOfferedAndTheLogSaysWhy() {
        assertThat(ControlFiles.fitting("sdxl", HOME.resolve("sd1"), HOME.resolve("sdxl")))
                .containsOnlyKeys("xl-edges");
        assertThat(log.messages()).anySatisfy(message -> assertThat(message)
                .startsWith("not a ControlNet of the model sdxl: " + EDGES)
                .contains("it is for another family of models: it takes encoder_hidden_states of [-1, 32]"));
        log.clear();
        assertThat(ControlFiles.fitting("checkpoints/sd1", HOME.resolve("sdxl")))
                .isEmpty();
        assertThat(log.messages()).singleElement().asString().contains("it is for another family of models");
    }

    @Test
    void otherFilesAreNotOffered() throws IOException {
        ControlFiles.write(
                folder.resolve("unet.safetensors"),
                EDGES,
                tensor -> tensor.replace("controlnet_cond_embedding", "other"));
        Files.write(folder.resolve("truncated.safetensors"), new byte[20]);
        ControlFiles.write(
                folder.resolve("part.safetensors"), EDGES, tensor -> tensor.replace("controlnet_mid_block", "middle"));
        Files.writeString(folder.resolve("readme.txt"), "not looked at");

        assertThat(ControlFiles.fitting("checkpoints/sd1", folder)).isEmpty();
        assertThat(log.messages())
                .hasSize(3)
                .anySatisfy(message -> assertThat(message).contains("unet.safetensors: it is no ControlNet"))
                .anySatisfy(message -> assertThat(message).contains("truncated.safetensors"))
                .anySatisfy(message ->
                        assertThat(message).contains("part.safetensors", "controlnet_mid_block.weight is missing"));
    }

    @Test
    void twoNetsOfOneNameAreRefused() {
        ControlFiles.write(folder.resolve("edges.safetensors"), EDGES, tensor -> tensor);

        assertThatThrownBy(() -> ControlNetFolders.open(List.of(HOME.resolve("sd1"), folder)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("are both the ControlNet \"edges\"; rename one");
    }

    @Test
    void aFileThatChangesIsNotRead() throws IOException {
        ControlFiles.write(folder.resolve("net.safetensors"), EDGES, tensor -> tensor);
        ControlNet net = ControlFiles.fitting("checkpoints/sd1", folder).get("net");
        Files.setLastModifiedTime(folder.resolve("net.safetensors"), FileTime.fromMillis(0));

        assertThatThrownBy(net.weights()::requireUnchanged)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("net.safetensors: the file changed after it was opened");
    }
}
