package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelPathTest {

    private static final String HASH = "451f4fe16113bff5a5d2269ed5ad43b0592e9a14";

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "/models/sd-1.5, sd-1.5",
        "/models/sd-1.5/, sd-1.5",
        "/models/sd-1.5/., sd-1.5",
        "/models/sd-1.5/unet/.., sd-1.5",
        "/models/мой стиль, мой стиль",
        "/hub/models--org--some-name/snapshots/" + HASH + ", org/some-name",
        "/hub/models--org--some-name/snapshots/" + HASH + "/, org/some-name",
        "/hub/models--gpt2/snapshots/" + HASH + ", gpt2",
        "/snapshots/" + HASH + ", " + HASH,
        "/models/snapshots, snapshots",
        "/, model",
    })
    void theNameIsTheFoldersOrTheRepositorys(String path, String name) {
        assertThat(ModelPath.name(ModelPath.resolve(Path.of(path)))).isEqualTo(name);
    }

    @Test
    void aNameHasNoControlCharacters() {
        assertThat(ModelPath.name(Path.of("/models/a\nb\t"))).isEqualTo("a-b-");
    }

    @Test
    void aModelOfAHubsCacheIsCalledByItsRepository() throws IOException {
        Path snapshots = Files.createDirectories(temporary.resolve("models--org--tiny/snapshots"));
        Path snapshot = Files.move(TestModels.copy("sd1", temporary), snapshots.resolve(HASH));
        Path refs = Files.createDirectory(temporary.resolve("models--org--tiny/refs"));

        assertThat(ModelFolder.open(snapshot).card().id()).isEqualTo("org/tiny");
        assertThat(ModelFolder.open(temporary.resolve("models--org--tiny"))
                        .card()
                        .id())
                .as("its only snapshot")
                .isEqualTo("org/tiny");

        Files.createDirectory(snapshots.resolve("0123"));
        Files.writeString(refs.resolve("main"), HASH + "\n");
        assertThat(ModelFolder.open(temporary.resolve("models--org--tiny"))
                        .card()
                        .id())
                .as("the snapshot of its main branch")
                .isEqualTo("org/tiny");
    }

    @Test
    void aLinkIsCalledByItsOwnName() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path link = Files.createSymbolicLink(temporary.resolve("current"), model);

        assertThat(ModelFolder.open(link).card().id()).isEqualTo("current");
    }
}
