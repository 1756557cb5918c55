package dev.weir.engine.control;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.AddOns;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** In which forms T2I-Adapters come, which of them fit a model, and what is said of the others. */
class T2iAdapterFilesTest {

    private static final Path HOME = ReferenceFile.path("t2i_adapters");
    private static final String CONFIG = "config.json";

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

    /** A file with the tensors of an adapter under other names. */
    private void write(String file, Path adapter, UnaryOperator<String> naming) {
        Weights weights = ComponentWeights.open(adapter);
        SafetensorsWriter writer = new SafetensorsWriter();
        for (String tensor : weights.names()) {
            byte[] bytes = new byte[weights.bytes(tensor).remaining()];
            weights.bytes(tensor).get(bytes);
            writer.tensor(
                    naming.apply(tensor),
                    weights.info(tensor).type(),
                    bytes,
                    weights.info(tensor).shape());
        }
        writer.write(folder.resolve(file));
    }

    @ParameterizedTest
    @CsvSource({"checkpoints/sd1, sd1/full, full", "checkpoints/sd1, sd1/light, light", "sdxl, sdxl/xl-full, xl-full"})
    void aFileInTheOriginalNamingIsTheAdapterOfTheFolder(String model, String place, String name) {
        JsonNode names = ReferenceFile.json("t2i_adapters/original.json").get(name);
        write("adapter.safetensors", HOME.resolve(place), tensor -> names.get(tensor)
                .asText());

        requireSame(fitting(model, folder).get("adapter"), HOME.resolve(place));
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
        write("adapter.safetensors", HOME.resolve(place), tensor -> tensor);

        requireSame(fitting(model, folder).get("adapter"), HOME.resolve(place));
    }

    private void requireSame(ControlNet adapter, Path home) {
        assertThat(log.list).isEmpty();
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
        assertThat(fitting("sdxl", HOME.resolve("sd1"), HOME.resolve("sdxl"))).containsOnlyKeys("xl-full");
        assertThat(messages()).hasSize(3).anySatisfy(message -> assertThat(message)
                .startsWith("not a ControlNet of the model sdxl: " + HOME.resolve("sd1/full"))
                .contains("it is a T2I-Adapter for another family of models: its results are"
                        + " 8 at 1/4, 16 at 1/8, 16 at 1/16, and this model takes"
                        + " 8 at 1/8, 16 at 1/8, 16 at 1/16, 16 at 1/16"));
        log.list.clear();
        assertThat(fitting("checkpoints/sd1", HOME.resolve("sdxl"))).isEmpty();
        assertThat(messages()).singleElement().asString().contains("xl-full", "for another family of models");
    }

    @Test
    void otherFilesAreNotOfferedAndTheLogNamesThem() throws IOException {
        Path full = HOME.resolve("sd1/full");
        write("extra.safetensors", full, tensor -> tensor.replace("body.2.resnets.1.block2", "body.2.down_opt.op"));
        write("headless.safetensors", full, tensor -> tensor.replace("conv_in", "conv_out"));
        Path option = Files.createDirectory(folder.resolve("option"));
        Files.copy(
                full.resolve("diffusion_pytorch_model.safetensors"),
                option.resolve("diffusion_pytorch_model.safetensors"));
        String config = Files.readString(full.resolve(CONFIG));
        Files.writeString(option.resolve(CONFIG), config.replace("full_adapter", "fuller_adapter"));
        Path pickled = Files.createDirectory(folder.resolve("pickled"));
        Files.writeString(pickled.resolve(CONFIG), config);
        Files.write(pickled.resolve("diffusion_pytorch_model.bin"), new byte[20]);

        assertThat(fitting("checkpoints/sd1", folder)).isEmpty();
        assertThat(messages())
                .hasSize(4)
                .anySatisfy(message -> assertThat(message)
                        .contains("extra.safetensors: ", "adapter.body.2.resnets.1.block2.weight is missing"))
                .anySatisfy(message ->
                        assertThat(message).contains("headless.safetensors: adapter.conv_in.weight is missing"))
                .anySatisfy(message -> assertThat(message)
                        .contains(option + ": ", "adapter_type = \"fuller_adapter\"", "full_adapter_xl"))
                .anySatisfy(message -> assertThat(message).contains(pickled.toString(), "safetensors"));
    }

    private List<String> messages() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
