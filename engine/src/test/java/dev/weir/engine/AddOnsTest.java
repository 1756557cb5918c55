package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.EmbeddingFolders;
import dev.weir.engine.weights.FittingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What many openings of models share of the files beside them. */
class AddOnsTest {

    @RegisterExtension
    final EngineLog log = new EngineLog();

    @TempDir
    Path folder;

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
    }

    private ModelFolder opened(Path path) {
        return ModelFolder.open(path, Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    @Test
    void aFileIsOpenedOnceForAllModelsOfAFamilyAndTheLogSaysOnceWhyItDoesNotFit() throws IOException {
        ModelFolder first = opened(model);
        List<String> said = List.copyOf(log.messages());
        assertThat(said)
                .hasSize(6)
                .anyMatch(line -> line.startsWith("not a LoRA of") && line.contains("sgm"))
                .anyMatch(line -> line.startsWith("not a ControlNet of") && line.contains("xl-edges"))
                .anyMatch(line -> line.startsWith("not an embedding of") && line.contains("xl"))
                .anyMatch(line -> line.startsWith("not an IP-Adapter of") && line.contains("ip-adapter_sdxl"))
                .filteredOn(line -> line.startsWith("not an IP-Adapter of"))
                .hasSize(3);
        Path other = TestModels.copy(TestModels.checkpoint("sd1"), folder.resolve("other"));
        TestModels.edit(other.resolve("unet/config.json"), "\"_diffusers_version\": \"", "\"_diffusers_version\": \"1");

        for (Path again : List.of(model, other)) {
            ModelFolder opened = opened(again);
            requireSame(opened, first, ModelFolder::controlNets, "edges", "pooled", "shapes");
            requireSame(opened, first, ModelFolder::embeddings, "sd1-toy", "several");
            requireSame(opened, first, ModelFolder::ipAdapters, "ip-adapter-plus_sd15", "ip-adapter_sd15");
            requireSame(opened, first, ModelFolder::loras, "peft");
        }
        assertThat(log.messages()).isEqualTo(said);
    }

    private static <T> void requireSame(
            ModelFolder opened, ModelFolder first, Function<ModelFolder, FittingFiles<T>> what, String... names) {
        Map<String, T> files = what.apply(opened).byName();
        assertThat(files).containsOnlyKeys(names);
        files.forEach((name, value) ->
                assertThat(value).as(name).isSameAs(what.apply(first).byName().get(name)));
    }

    @Test
    void aFileThatHasChangedIsOpenedAgain() throws IOException {
        ModelFolder model = opened(this.model);
        var nets = model.controlNets().byName();
        var embeddings = model.embeddings().byName();
        var adapters = model.ipAdapters().byName();
        log.clear();
        for (String file : List.of(
                "controlnets/sd1/edges/diffusion_pytorch_model.safetensors",
                "embeddings/sd1-toy.safetensors",
                "adapters/models/image_encoder/model.safetensors",
                "embeddings/xl.safetensors")) {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.fromMillis(0));
        }

        assertThat(addOns.poll()).isTrue();
        assertThat(model.controlNets().byName()).as("half a copy perhaps").containsOnlyKeys("pooled", "shapes");
        assertThat(model.ipAdapters().byName()).as("only its encoder").isSameAs(adapters);
        assertThat(addOns.poll()).isTrue();

        assertThat(model.controlNets().byName().get("edges"))
                .isEqualTo(nets.get("edges"))
                .isNotSameAs(nets.get("edges"));
        assertThat(model.controlNets().byName().get("shapes")).isSameAs(nets.get("shapes"));
        assertThat(model.embeddings().byName().get("sd1-toy")).isNotSameAs(embeddings.get("sd1-toy"));
        assertThat(model.ipAdapters().byName().get("ip-adapter_sd15"))
                .as("its image encoder has changed")
                .isNotSameAs(adapters.get("ip-adapter_sd15"));
        assertThat(addOns.poll()).isFalse();
        assertThat(log.messages()).anyMatch(line -> line.startsWith("not an embedding of") && line.contains("xl"));
        assertThat(log.messages()).noneMatch(line -> line.startsWith("not a ControlNet of"));
    }

    @Test
    void aModelOfAnotherFamilyIsToldOfFilesForItself() {
        assertThat(opened(model).controlNets().byName()).doesNotContainKey("xl-edges");
        assertThat(opened(ReferenceFile.path("sdxl")).controlNets().byName()).containsOnlyKeys("xl-edges");
        assertThat(opened(model).controlNets().byName()).containsOnlyKeys("edges", "pooled", "shapes");
    }

    /** Also into folders that were empty. What does not fit is said once. */
    @Test
    void filesThatComeAndGoAreNoticed() throws IOException {
        for (String kind : List.of("nets", "words", "eyes")) {
            Files.createDirectory(folder.resolve(kind));
        }
        addOns = new AddOns(
                LoraFolders.NONE,
                ControlNetFolders.open(List.of(folder.resolve("nets"))),
                EmbeddingFolders.open(List.of(folder.resolve("words"))),
                IpAdapterFolders.open(List.of(folder.resolve("eyes"))));
        ModelFolder opened = opened(model);
        TestModels.copy(folder.resolve("controlnets/sd1/edges"), folder.resolve("nets/edges"));
        TestModels.copy(folder.resolve("adapters/models"), folder.resolve("eyes/models"));
        Files.copy(folder.resolve("embeddings/sd1-toy.safetensors"), folder.resolve("words/toy.safetensors"));
        for (String broken : List.of("nets/half.safetensors", "words/half.safetensors", "eyes/half.safetensors")) {
            Files.write(folder.resolve(broken), new byte[20]);
        }
        Files.createFile(folder.resolve("words/old.pt"));
        assertThat(addOns.poll()).as("they may still be copied").isFalse();
        assertThat(addOns.poll()).isTrue();
        assertThat(addOns.poll()).isFalse();

        assertThat(opened.controlNets().byName()).containsOnlyKeys("edges");
        assertThat(opened.embeddings().byName()).containsOnlyKeys("toy");
        assertThat(opened.ipAdapters().byName()).containsOnlyKeys("ip-adapter-plus_sd15", "ip-adapter_sd15");
        assertThat(log.messages())
                .hasSize(4)
                .anyMatch(line -> line.startsWith("not a ControlNet of the model") && line.contains("nets/half"))
                .anyMatch(line -> line.startsWith("not an embedding of the model") && line.contains("words/half"))
                .anyMatch(line -> line.startsWith("not an IP-Adapter of the model") && line.contains("eyes/half"))
                .anyMatch(
                        line -> line.contains(
                                "words/old.pt: left out, because it is pickled. Convert it: weir models convert old.pt NAME.safetensors"));

        for (String gone :
                List.of("nets/edges/config.json", "words/toy.safetensors", "eyes/models/ip-adapter_sd15.safetensors")) {
            Files.delete(folder.resolve(gone));
        }
        assertThat(addOns.poll()).isTrue();
        assertThat(opened.controlNets().byName()).isEmpty();
        assertThat(opened.embeddings().byName()).isEmpty();
        assertThat(opened.ipAdapters().byName()).containsOnlyKeys("ip-adapter-plus_sd15");
    }

    @Test
    void ofTwoFilesOfOneNameTheFirstFoldersCountsAlsoWhereTheSecondComesLater() throws IOException {
        Path more = folder.resolve("more");
        for (String kind : List.of("loras", "nets", "words")) {
            Files.createDirectories(more.resolve(kind));
        }
        addOns = new AddOns(
                LoraFolders.open(List.of(folder.resolve("loras"), more.resolve("loras"))),
                ControlNetFolders.open(List.of(folder.resolve("controlnets/sd1"), more.resolve("nets"))),
                EmbeddingFolders.open(List.of(folder.resolve("embeddings"), more.resolve("words"))),
                IpAdapterFolders.open(List.of(folder.resolve("adapters"))));
        ModelFolder opened = opened(model);
        log.clear();
        Map<String, String> copies = Map.of(
                "loras/sgm.safetensors", "more/loras/peft.safetensors",
                "controlnets/sd1/pooled", "more/nets/edges",
                "embeddings/several.safetensors", "more/words/sd1-toy.safetensors",
                "adapters/models/ip-adapter-plus_sd15.safetensors", "adapters/other/ip-adapter_sd15.safetensors");
        Files.createDirectory(folder.resolve("adapters/other"));
        for (var copy : copies.entrySet()) {
            Path from = folder.resolve(copy.getKey());
            if (Files.isDirectory(from)) {
                TestModels.copy(from, folder.resolve(copy.getValue()));
            } else {
                Files.copy(from, folder.resolve(copy.getValue()));
            }
        }
        List<Object> first = files(opened);
        addOns.poll();
        addOns.poll();

        assertThat(files(opened))
                .usingElementComparator((a, b) -> a == b ? 0 : 1)
                .isEqualTo(first);
        assertThat(log.messages())
                .containsExactlyInAnyOrder(
                        leftOut("more/loras/peft.safetensors", "loras/peft.safetensors", "LoRA"),
                        leftOut("more/nets/edges", "controlnets/sd1/edges", "ControlNet"),
                        leftOut("more/words/sd1-toy.safetensors", "embeddings/sd1-toy.safetensors", "embedding"),
                        leftOut(
                                "adapters/other/ip-adapter_sd15.safetensors",
                                "adapters/models/ip-adapter_sd15.safetensors",
                                "IP-Adapter"));
    }

    private static List<Object> files(ModelFolder model) {
        return List.of(
                model.loras().byName().get("peft"),
                model.controlNets().byName().get("edges"),
                model.embeddings().byName().get("sd1-toy"),
                model.ipAdapters().byName().get("ip-adapter_sd15"));
    }

    private String leftOut(String file, String first, String kind) {
        String name = first.replaceAll(".*/|\\.safetensors", "");
        return "%s is left out: %s is also the %s \"%s\""
                .formatted(folder.resolve(file), folder.resolve(first), kind, name);
    }

    /** A folder may have files for each of many models, and one of another kind would fill the log. */
    @Test
    void theLogSaysWhichAreTheFirstFilesThatDoNotFit() throws IOException {
        for (int i = 0; i < 30; i++) {
            Files.write(folder.resolve("loras/broken%02d.safetensors".formatted(i)), new byte[20]);
        }
        addOns = AddOns.of(LoraFolders.open(List.of(folder.resolve("loras"))));
        log.clear();
        ModelFolder opened = opened(model);

        assertThat(log.messages())
                .filteredOn(line -> line.startsWith("not a LoRA of the model model: "))
                .hasSize(6)
                .anyMatch(line -> line.contains(folder.resolve("loras/broken00.safetensors") + ": "))
                .endsWith("not a LoRA of the model model: 26 more");
        assertThat(opened.loras().offer().refused()).hasSize(31);
    }

    @Test
    void placesThatAreNamedAsFilesAndAreNoneAreTold() throws IOException {
        for (String kind : List.of("loras", "controlnets/sd1", "embeddings", "adapters")) {
            Path home = folder.resolve(kind);
            Files.createDirectory(home.resolve("folder.safetensors"));
            Files.createSymbolicLink(home.resolve("gone.safetensors"), Path.of("nothing"));
            Files.createSymbolicLink(home.resolve("circle.safetensors"), Path.of("circle.safetensors"));
        }
        addOns.poll();
        for (String kind : List.of("loras", "embeddings", "adapters")) {
            Path home = folder.resolve(kind);
            assertThat(log.messages())
                    .contains(
                            home.resolve("folder.safetensors") + ": left out, because it is a folder",
                            home.resolve("gone.safetensors")
                                    + ": left out, because it is a link to a file or folder that does not exist",
                            home.resolve("circle.safetensors")
                                    + ": left out, because it is a link that leads in a circle");
        }
        assertThat(log.messages())
                .filteredOn(
                        line -> line.startsWith(folder.resolve("controlnets").toString()))
                .as("a folder may be a ControlNet")
                .hasSize(2);
    }

    @Test
    void aModelWithoutNetworksForAKindOfFilesSaysSo() {
        opened(ReferenceFile.path("checkpoints/default"));

        assertThat(log.messages())
                .contains("no embedding is offered for the model default: not all of its text encoders are CLIP's");
    }
}
