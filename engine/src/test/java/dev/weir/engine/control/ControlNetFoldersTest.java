package dev.weir.engine.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.AddOns;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Which ControlNets of a folder fit a model, in which forms they come, and what is said of the others. */
class ControlNetFoldersTest {

    private static final Path HOME = ReferenceFile.path("controlnets");
    private static final Path EDGES = HOME.resolve("sd1/edges");

    @TempDir
    Path folder;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void stop() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(WatchedFiles.class);
    }

    private static Map<String, ControlNet> fitting(String model, Path... folders) {
        return ModelFolder.open(
                        ReferenceFile.path(model),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        AddOns.of(ControlNetFolders.open(List.of(folders))))
                .controlNets()
                .byName();
    }

    /** A file with the tensors of a net under other names. */
    private void write(String name, UnaryOperator<String> naming) {
        Weights weights = ComponentWeights.open(EDGES);
        SafetensorsWriter file = new SafetensorsWriter();
        for (String tensor : weights.names()) {
            byte[] bytes = new byte[weights.bytes(tensor).remaining()];
            weights.bytes(tensor).get(bytes);
            file.tensor(
                    naming.apply(tensor),
                    weights.info(tensor).type(),
                    bytes,
                    weights.info(tensor).shape());
        }
        file.write(folder.resolve(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"control_model.", ""})
    void aFileInTheOriginalNamingHasTheTensorsOfTheFolder(String prefix) {
        JsonNode names = ReferenceFile.json("controlnets/original.json");
        write("original.safetensors", tensor -> names.get(tensor).asText().replaceFirst("^control_model\\.", prefix));

        ControlNet net = fitting("checkpoints/sd1", folder).get("original");

        assertThat(log.list).isEmpty();
        requireSame(net);
    }

    @Test
    void aFileInTheNamingOfDiffusersIsTheSameNet() {
        write("same.safetensors", tensor -> tensor);

        ControlNet net = fitting("checkpoints/sd1", folder).get("same");

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
        assertThat(fitting("sdxl", HOME.resolve("sd1"), HOME.resolve("sdxl"))).containsOnlyKeys("xl-edges");
        assertThat(messages()).anySatisfy(message -> assertThat(message)
                .startsWith("not a ControlNet of the model sdxl: " + EDGES)
                .contains("it is for another family of models: it takes encoder_hidden_states of [-1, 32]"));
        log.list.clear();
        assertThat(fitting("checkpoints/sd1", HOME.resolve("sdxl"))).isEmpty();
        assertThat(messages()).singleElement().asString().contains("it is for another family of models");
    }

    @Test
    void otherFilesAreNotOffered() throws IOException {
        write("unet.safetensors", tensor -> tensor.replace("controlnet_cond_embedding", "other"));
        Files.write(folder.resolve("truncated.safetensors"), new byte[20]);
        write("part.safetensors", tensor -> tensor.replace("controlnet_mid_block", "middle"));
        Files.writeString(folder.resolve("readme.txt"), "not looked at");

        assertThat(fitting("checkpoints/sd1", folder)).isEmpty();
        assertThat(messages())
                .hasSize(3)
                .anySatisfy(message -> assertThat(message).contains("unet.safetensors: it is no ControlNet"))
                .anySatisfy(message -> assertThat(message).contains("truncated.safetensors"))
                .anySatisfy(message ->
                        assertThat(message).contains("part.safetensors", "controlnet_mid_block.weight is missing"));
    }

    @Test
    void twoNetsOfOneNameAreRefused() {
        write("edges.safetensors", tensor -> tensor);

        assertThatThrownBy(() -> ControlNetFolders.open(List.of(HOME.resolve("sd1"), folder)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("are both the ControlNet \"edges\"; rename one");
    }

    @Test
    void aFileThatChangesIsNotRead() throws IOException {
        write("net.safetensors", tensor -> tensor);
        ControlNet net = fitting("checkpoints/sd1", folder).get("net");
        Files.setLastModifiedTime(folder.resolve("net.safetensors"), FileTime.fromMillis(0));

        assertThatThrownBy(net.weights()::requireUnchanged)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("net.safetensors: the file changed after it was opened");
    }

    private List<String> messages() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
