package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.image.PictureReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a pickled upscaler to a larger picture. */
final class ConvertCommandTest {

    private static final Path REFERENCE =
            Path.of("../engine/src/test/resources/reference").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Main.run(Map.of(), folder, new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    @Test
    void aPickledUpscalerEnlargesAPicture() throws IOException {
        String upscaler = folder.resolve("compact.safetensors").toString();
        Path large = folder.resolve("large.jpg");
        Path small = REFERENCE.resolve("t2i_adapters/light.png");

        assertThat(run("models", "convert", REFERENCE.resolve("upscalers/compact.pth") + "", upscaler))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).contains("an upscaler", "8 tensors", "compact.safetensors");
        assertThat(run("models", "inspect", upscaler)).isZero();
        assertThat(out.toString()).contains("an upscaler for pictures of any model", "weir upscale PICTURE");
        assertThat(run("upscale", small + "", "--upscaler", upscaler, "--out", large + ""))
                .as(err.toString())
                .isZero();

        var limits = PictureReader.Limits.DEFAULT;
        var before = PictureReader.read(Files.readAllBytes(small), limits);
        var after = PictureReader.read(Files.readAllBytes(large), limits);
        assertThat(after.width()).isEqualTo(2 * before.width());
        assertThat(after.height()).isEqualTo(2 * before.height());
        assertThat(out.toString()).contains(large + "  " + after.width() + "x" + after.height());
    }

    @Test
    void whatIsRefusedIsSaidInALine() {
        Path evil = REFERENCE.resolve("pickles/evil.pt");
        Path target = folder.resolve("x.safetensors");

        assertThat(run("models", "convert", evil + "", target + "")).isEqualTo(CliException.FAILED);
        assertThat(err.toString())
                .contains(evil + ": it has ", ".system of Python")
                .doesNotContain("\tat ");
        assertThat(target).doesNotExist();
        assertThat(run("upscale", evil + "", "--upscaler", evil + "", "--out", folder.resolve("x.png") + ""))
                .isEqualTo(CliException.FAILED);
        assertThat(err.toString()).contains("weir models convert");
    }
}
