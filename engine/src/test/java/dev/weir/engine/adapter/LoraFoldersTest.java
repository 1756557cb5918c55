package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.WatchedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that come, change and go while a model is served. */
class LoraFoldersTest {

    private static final AdaptedParts SD1 =
            ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();

    @TempDir
    Path folder;

    private LoraFolders folders;
    private FittingFiles<Lora> model;

    @BeforeEach
    void open() throws IOException {
        copy("peft", "first");
        folders = LoraFolders.open(List.of(folder));
        model = folders.of("sd1", SD1);
    }

    private Path path(String name) {
        return folder.resolve(name + ".safetensors");
    }

    private void copy(String fixture, String name) throws IOException {
        Files.write(path(name), Files.readAllBytes(ReferenceFile.path("lora/" + fixture + ".safetensors")));
    }

    @Test
    void aNewFileIsOpenedWhenItWasTheSameInTwoPolls() throws IOException {
        var whole = Files.readAllBytes(ReferenceFile.path("lora/kohya.safetensors"));
        var before = model.offer();
        Files.write(path("copied"), Arrays.copyOf(whole, whole.length / 2));
        folders.poll();
        Files.write(path("copied"), whole);
        folders.poll();
        assertThat(model.offer()).as("nothing is told of half a copy").isSameAs(before);
        folders.poll();
        assertThat(model.byName()).containsOnlyKeys("first", "copied");
        var again = ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();
        assertThat(folders.of("another of the family", again))
                .as("files are opened once")
                .isSameAs(model);
        assertThat(model.offer().refused()).isEmpty();
        assertThat(model.byName().get("first")).isSameAs(before.files().get("first"));
        var now = model.offer();
        folders.poll();
        assertThat(model.offer()).isSameAs(now);
    }

    @Test
    void aReplacedFileIsAnotherLoraAndTheOneBeforeCanNotBeRead() throws IOException {
        var before = model.byName().get("first");
        copy("kohya", "first");
        folders.poll();
        folders.poll();
        assertThat(model.byName().get("first")).isNotEqualTo(before);
        assertThat(model.byName().get("first").read("unet")).isNotEmpty();
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> before.read("unet"))
                .withMessageContaining("first.safetensors: the file changed after it was opened");
    }

    @Test
    void aRemovedFileIsOfferedNoMore() throws IOException {
        Files.delete(path("first"));
        folders.poll();
        assertThat(model.byName()).isEmpty();
    }

    @Test
    void aFileThatDoesNotFitIsRefusedWithTheReasonUntilItDoes() throws IOException {
        copy("sgm", "other");
        copy("io", "tensors");
        folders.poll();
        folders.poll();
        assertThat(model.byName()).containsOnlyKeys("first");
        assertThat(model.offer().refused()).containsOnlyKeys("other", "tensors");
        assertThat(model.offer().refused().get("other"))
                .startsWith("the layer lora_te1_")
                .contains("does not fit");
        assertThat(model.offer().refused().get("tensors")).startsWith("no LoRA: it has 33 tensors, such as");
        copy("mid", "other");
        folders.poll();
        folders.poll();
        assertThat(model.byName()).containsOnlyKeys("first", "other");
        assertThat(model.offer().refused()).containsOnlyKeys("tensors");
    }

    /** peft's own file waits for the configuration that belongs to it. */
    @Test
    void theConfigurationBesideAFileCounts() throws IOException {
        var before = model.byName().get("first");
        Files.writeString(folder.resolve("first.json"), "{}");
        folders.poll();
        folders.poll();
        assertThat(model.byName().get("first")).isEqualTo(before).isNotSameAs(before);
    }

    @Test
    void aFolderThatCannotBeReadForAMomentTakesNothingAway() throws IOException {
        var away = folder.resolveSibling(folder.getFileName() + "-away");
        Files.move(folder, away);
        folders.poll();
        assertThat(model.byName()).containsOnlyKeys("first");
        Files.move(away, folder);
        folders.poll();
        assertThat(model.byName()).containsOnlyKeys("first");
    }

    @Test
    void ofTwoFilesOfOneNameTheFirstFoldersCounts() throws IOException {
        var second = Files.createDirectory(folder.resolve("second"));
        folders = LoraFolders.open(List.of(folder, second));
        model = folders.of("sd1", SD1);
        var before = model.byName().get("first");
        Files.copy(ReferenceFile.path("lora/kohya.safetensors"), second.resolve("first.safetensors"));
        folders.poll();
        folders.poll();
        assertThat(model.byName().get("first")).isSameAs(before);
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> LoraFolders.open(List.of(folder, second)))
                .withMessageContaining("are both the LoRA \"first\"; rename one");
    }

    /** They are listed, and only so many of them are opened. */
    @Test
    void tenThousandFilesDoNotStopTheFirstOnes() throws IOException {
        for (int i = 0; i < 10_000; i++) {
            Files.createFile(path("n%05d".formatted(i)));
        }
        copy("kohya", "a-new-one");
        folders = LoraFolders.open(List.of(folder));
        model = folders.of("sd1", SD1);
        assertThat(model.byName()).containsOnlyKeys("a-new-one", "first");
        assertThat(model.offer().refused()).hasSize(WatchedFiles.Kind.MOST - 2).containsKey("n00997");
        folders.poll();
        Files.delete(path("n00000"));
        folders.poll();
        assertThat(model.offer().refused()).containsKey("n00998").hasSize(WatchedFiles.Kind.MOST - 2);
    }
}
