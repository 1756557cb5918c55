package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.client.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutputFilesTest {

    @TempDir
    Path folder;

    @Test
    void aPictureIsNamedAfterItsPrompt() {
        assertThat(OutputFiles.choose(null, "Ein schöner  Apfel!", 1))
                .containsExactly(Path.of("ein-schoner-apfel.png"));
        assertThat(OutputFiles.choose(null, "…", 1)).containsExactly(Path.of("image.png"));
        assertThat(OutputFiles.format(Path.of("A.WebP"))).isEqualTo(ImageFormat.WEBP);
        assertThat(OutputFiles.choose(null, "very ".repeat(100), 1).get(0).toString())
                .hasSizeLessThan(70)
                .endsWith("very.png");
    }

    @Test
    void severalPicturesAreNumbered() {
        assertThat(OutputFiles.choose(folder.resolve("a.b.png"), "x", 2))
                .containsExactly(folder.resolve("a.b-1.png"), folder.resolve("a.b-2.png"));
    }

    @Test
    void aNameFromThePromptIsNeverOneThatExists() throws IOException {
        Files.createFile(folder.resolve("a-cat.png"));
        Files.createFile(folder.resolve("a-cat-2.png"));
        assertThat(OutputFiles.choose(folder, "a cat", 1)).containsExactly(folder.resolve("a-cat-3.png"));
        assertThat(OutputFiles.choose(folder.resolve("a-cat.png"), "a cat", 1))
                .as("a name that was asked for")
                .containsExactly(folder.resolve("a-cat.png"));
    }

    @Test
    void theNamesEndingSaysTheFormat() {
        assertThat(OutputFiles.format(null)).isEqualTo(ImageFormat.PNG);
        assertThat(OutputFiles.format(folder)).isEqualTo(ImageFormat.PNG);
        assertThat(OutputFiles.format(Path.of("x.JPG"))).isEqualTo(ImageFormat.JPEG);
        assertThatThrownBy(() -> OutputFiles.format(Path.of("x.gif")))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("x.gif");
    }
}
