package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.EmbeddingFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What many openings of models share of the files beside them. */
class AddOnsTest {

    @TempDir
    Path folder;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private AddOns addOns;
    private Path model;

    @BeforeEach
    void open() throws IOException {
        TestModels.copy(ReferenceFile.path("controlnets"), folder.resolve("controlnets"));
        TestModels.copy(ReferenceFile.path("words/embeddings"), folder.resolve("embeddings"));
        TestModels.copy(ReferenceFile.path("ip_adapter"), folder.resolve("adapters"));
        Files.createDirectory(folder.resolve("loras"));
        for (String name : List.of("peft", "sgm")) {
            Files.copy(
                    ReferenceFile.path("lora/" + name + ".safetensors"),
                    folder.resolve("loras/" + name + ".safetensors"));
        }
        model = TestModels.copy(TestModels.checkpoint("sd1"), folder.resolve("model"));
        addOns = new AddOns(
                LoraFolders.open(List.of(folder.resolve("loras"))),
                ControlNetFolders.open(List.of(folder.resolve("controlnets/sd1"), folder.resolve("controlnets/sdxl"))),
                EmbeddingFolders.open(List.of(folder.resolve("embeddings"))),
                IpAdapterFolders.open(List.of(folder.resolve("adapters"))));
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void stop() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("dev.weir.engine");
    }

    private ModelFolder opened(Path path) {
        return ModelFolder.open(path, Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    @Test
    void aFileIsOpenedOnceForAllModelsOfAFamilyAndTheLogSaysOnceWhyItDoesNotFit() throws IOException {
        ModelFolder first = opened(model);
        List<String> said = List.copyOf(messages());
        assertThat(said)
                .hasSize(6)
                .anyMatch(line -> line.startsWith("not a LoRA of") && line.contains("sgm"))
                .anyMatch(line -> line.startsWith("not a ControlNet of") && line.contains("xl-edges"))
                .anyMatch(line -> line.startsWith("not an embedding of") && line.contains("xl"))
                .anyMatch(line -> line.startsWith("not an IP-Adapter of") && line.contains("ip-adapter_sdxl"));
        Path other = TestModels.copy(TestModels.checkpoint("sd1"), folder.resolve("other"));
        TestModels.edit(other.resolve("unet/config.json"), "\"_diffusers_version\": \"", "\"_diffusers_version\": \"1");

        for (Path again : List.of(model, other)) {
            ModelFolder opened = opened(again);
            requireSame(opened, first, ModelFolder::controlNets, "edges", "pooled", "shapes");
            requireSame(opened, first, ModelFolder::embeddings, "sd1-toy", "several");
            requireSame(opened, first, ModelFolder::ipAdapters, "ip-adapter-plus_sd15", "ip-adapter_sd15");
            requireSame(opened, first, loaded -> loaded.loras().byName(), "peft");
        }
        assertThat(messages()).isEqualTo(said);
    }

    private static <T> void requireSame(
            ModelFolder opened, ModelFolder first, Function<ModelFolder, Map<String, T>> what, String... names) {
        assertThat(what.apply(opened)).containsOnlyKeys(names);
        what.apply(opened)
                .forEach((name, value) ->
                        assertThat(value).as(name).isSameAs(what.apply(first).get(name)));
    }

    @Test
    void aFileThatHasChangedIsOpenedAgain() throws IOException {
        ModelFolder before = opened(model);
        log.list.clear();
        for (String file : List.of(
                "controlnets/sd1/edges/diffusion_pytorch_model.safetensors",
                "embeddings/sd1-toy.safetensors",
                "adapters/models/image_encoder/model.safetensors",
                "embeddings/xl.safetensors")) {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.fromMillis(0));
        }

        ModelFolder after = opened(model);

        assertThat(after.controlNets().get("edges"))
                .isEqualTo(before.controlNets().get("edges"))
                .isNotSameAs(before.controlNets().get("edges"));
        assertThat(after.controlNets().get("shapes"))
                .isSameAs(before.controlNets().get("shapes"));
        assertThat(after.embeddings().get("sd1-toy"))
                .isNotSameAs(before.embeddings().get("sd1-toy"));
        assertThat(after.ipAdapters().get("ip-adapter_sd15"))
                .as("its image encoder has changed")
                .isNotSameAs(before.ipAdapters().get("ip-adapter_sd15"));
        assertThat(messages()).anyMatch(line -> line.startsWith("not an embedding of") && line.contains("xl"));
        assertThat(messages()).noneMatch(line -> line.startsWith("not a ControlNet of"));
    }

    @Test
    void aModelOfAnotherFamilyIsToldOfFilesForItself() {
        assertThat(opened(model).controlNets()).doesNotContainKey("xl-edges");
        assertThat(opened(ReferenceFile.path("sdxl")).controlNets()).containsOnlyKeys("xl-edges");
        assertThat(opened(model).controlNets()).containsOnlyKeys("edges", "pooled", "shapes");
    }

    private List<String> messages() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
