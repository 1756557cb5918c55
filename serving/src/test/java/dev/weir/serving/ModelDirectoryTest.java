package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.StageKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node knows of a folder of models, while files come, change and go. */
final class ModelDirectoryTest {

    private static final Path CHECKPOINTS = Path.of("../engine/src/test/resources/reference/checkpoints");

    @TempDir
    private Path folder;

    private final List<Path> opened = new ArrayList<>();
    private List<KnownModel> known = List.of();
    private ModelDirectory directory;

    @Test
    void allModelsThatAreThereAtFirstAreKnownWithWhatTheirPartsTake() throws IOException {
        copy("sd1", "b");
        copy("sd2", "a");
        look();
        assertThat(known).extracting(KnownModel::id).containsExactly("a", "b");
        assertThat(known).allSatisfy(model -> {
            assertThat(model.problem()).isEmpty();
            assertThat(model.bytes()).isPositive();
            assertThat(model.fingerprints()).containsKey("unet");
            assertThat(model.stages(StageKind.DENOISER)).isNotEmpty();
        });
    }

    @Test
    void aNewModelIsOpenedWhenItIsTheSameInTwoLooks() throws IOException {
        look();
        Path model = copy("sd1", "new");
        Path index = model.resolve("model_index.json");
        String text = Files.readString(index);
        Files.writeString(index, text.substring(0, 20));
        look();
        assertThat(opened).isEmpty();
        Files.writeString(index, text);
        look();
        assertThat(opened).as("it has just changed").isEmpty();
        look();
        assertThat(known).extracting(KnownModel::id).containsExactly("new");
    }

    @Test
    void aReplacedModelIsAnotherOneAndARemovedOneIsGone() throws IOException {
        Path model = copy("sd1", "a");
        copy("sd1", "b");
        look();
        KnownModel before = known.get(0);
        Files.setLastModifiedTime(model.resolve("unet/config.json"), FileTime.fromMillis(1));
        delete(folder.resolve("b"));
        look();
        assertThat(known).as("the replaced one waits for the next look").containsExactly(before);
        assertThatThrownBy(() -> before.folder().get())
                .as("in between, what is in the folder is not what is known")
                .hasMessageContaining("has just changed");
        look();
        assertThat(known).singleElement().satisfies(after -> {
            assertThat(after.isSame(before)).isFalse();
            assertThat(after.folder().get().card().id()).isEqualTo("a");
        });
    }

    @Test
    void brokenModelsAreKnownWithTheirSentencesBesideTheOthers() throws IOException {
        copy("sd1", "good");
        Files.delete(copy("sd1", "unet-missing").resolve("unet/config.json"));
        Files.write(folder.resolve("truncated.safetensors"), new byte[] {1, 2, 3});
        look();
        assertThat(known).extracting(KnownModel::id).containsExactly("good", "truncated", "unet-missing");
        assertThat(known.get(1).problem()).contains("truncated.safetensors").contains("3 bytes");
        assertThat(known.get(2).problem()).contains("unet").contains("config.json");
        opened.clear();
        look();
        assertThat(opened).as("what has not changed is not opened again").isEmpty();
    }

    @Test
    void whatIsNoWholeModelIsNotKnown() throws IOException {
        Files.copy(
                CHECKPOINTS.resolve("sd1/vae/diffusion_pytorch_model.safetensors"),
                folder.resolve("only-a-vae.safetensors"));
        Files.writeString(folder.resolve("notes.txt"), "mine");
        Files.createDirectory(folder.resolve("empty"));
        look();
        assertThat(known).isEmpty();
        assertThat(opened).isEmpty();
    }

    @Test
    void theSecondOfTwoModelsOfOneNameIsRefused() throws IOException {
        for (String name : List.of("one", "two")) {
            Files.writeString(copy("sd1", name).resolve("weir.json"), "{\"id\": \"same\"}");
        }
        look();
        assertThat(known).extracting(KnownModel::id).containsExactly("same", "two");
        assertThat(known.get(1).problem()).contains("\"same\"").contains("weir.json");
    }

    @Test
    void tenThousandBrokenFilesHideNoModelAndAreToldOfInABoundedNumber() throws IOException {
        for (int i = 0; i < 10_000; i++) {
            Files.createFile(folder.resolve("broken-%05d.safetensors".formatted(i)));
        }
        copy("sd1", "z-model");
        look();
        assertThat(known).hasSize(1 + ModelDirectory.MOST_BROKEN);
        assertThat(known.get(0).id()).isEqualTo("z-model");
    }

    @Test
    void aFolderThatCannotBeListedKeepsItsModels() throws IOException {
        copy("sd1", "a");
        look();
        Path away = folder.resolveSibling(folder.getFileName() + "-away");
        Files.move(folder, away, StandardCopyOption.ATOMIC_MOVE);
        try {
            assertThatThrownBy(this::look).hasMessageContaining("no such folder");
            assertThat(known).extracting(KnownModel::id).containsExactly("a");
        } finally {
            Files.move(away, folder);
        }
    }

    private void look() {
        if (directory == null) {
            directory = new ModelDirectory(
                    folder,
                    path -> {
                        opened.add(path);
                        return ModelFolder.open(path);
                    },
                    List.of(StageKind.DENOISER),
                    new ComputeTarget("cpu", Precision.FP32),
                    found -> known = found);
        }
        directory.look();
    }

    private Path copy(String checkpoint, String name) throws IOException {
        Path source = CHECKPOINTS.resolve(checkpoint);
        Path target = folder.resolve(name);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
        return target;
    }

    private static void delete(Path model) throws IOException {
        try (Stream<Path> files = Files.walk(model)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
