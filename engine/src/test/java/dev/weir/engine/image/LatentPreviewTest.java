package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LatentPreviewTest {

    @TempDir
    Path model;

    @BeforeEach
    void vaeFolder() throws IOException {
        Files.createDirectory(model.resolve("vae"));
    }

    @Test
    void theModelsOwnMatrixMapsChannelsToColors() throws IOException {
        write("latent_rgb.json", "{\"matrix\": [[1, 0, 0], [0, 0.5, -1]], \"bias\": [0, 0, 0.5]}");

        RgbImage image = preview().image(new LatentShape(2, 1, 2), new float[] {1, -1, 0, 1}, 1);

        assertThat(image.width()).isEqualTo(2);
        assertThat(image.height()).isEqualTo(1);
        assertThat(image.pixels()).containsExactly(255, 128, 191, 0, 191, 64);
    }

    @Test
    void whatIsOutOfRangeIsClipped() throws IOException {
        write("latent_rgb.json", "{\"matrix\": [[100, -100, 0]]}");

        assertThat(preview().image(new LatentShape(1, 1, 1), new float[] {1}, 1).pixels())
                .containsExactly(255, 0, 128);
    }

    @Test
    void anEnlargedPreviewIsThatManyTimesLarger() throws IOException {
        write("latent_rgb.json", "{\"matrix\": [[1, 1, 1]]}");

        RgbImage image = preview().image(new LatentShape(1, 3, 2), new float[6], 8);

        assertThat(image.width()).isEqualTo(16);
        assertThat(image.height()).isEqualTo(24);
        assertThat(image.pixels()).containsOnly(128);
    }

    @Test
    void stableDiffusionsAutoencoderIsKnown() throws IOException {
        write("config.json", "{\"latent_channels\": 4, \"scaling_factor\": 0.18215}");

        RgbImage image = preview().image(new LatentShape(4, 1, 1), new float[] {1, 0, 0, 0}, 1);

        assertThat(image.pixels()).containsExactly(172, 157, 169);
    }

    /** 127.5 (1 + the last channel's row + the bias). */
    @ParameterizedTest
    @CsvSource({"1.5305, 0.0609, 140, 136, 137", "0.3611, 0.1159, 107, 106, 107"})
    void theAutoencodersOfStableDiffusion3AndFluxAreKnown(double scaling, double shift, int red, int green, int blue)
            throws IOException {
        write(
                "config.json",
                "{\"latent_channels\": 16, \"scaling_factor\": %s, \"shift_factor\": %s}".formatted(scaling, shift));

        float[] latent = new float[16];
        latent[15] = 1;
        assertThat(preview().image(new LatentShape(16, 1, 1), latent, 1).pixels())
                .containsExactly(red, green, blue);

        write(
                "config.json",
                "{\"latent_channels\": 16, \"scaling_factor\": %s, \"shift_factor\": 0.5}".formatted(scaling));
        assertThat(LatentPreview.of(model)).isEmpty();
    }

    @Test
    void anotherAutoencoderHasNone() throws IOException {
        assertThat(LatentPreview.of(model)).isEmpty();
        write("config.json", "{\"latent_channels\": 4, \"scaling_factor\": 1.0}");
        assertThat(LatentPreview.of(model)).isEmpty();
        write("config.json", "{\"latent_channels\": 16}");
        assertThat(LatentPreview.of(model)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[",
                "{\"matrix\": []}",
                "{\"matrix\": [[1, 2]]}",
                "{\"matrix\": [[1, 2, \"3\"]]}",
                "{\"matrix\": [1, 2, 3]}",
                "{\"matrix\": [[1, 2, 3]], \"bias\": 1}"
            })
    void aMalformedMatrixIsRefusedByFile(String json) throws IOException {
        write("latent_rgb.json", json);

        assertThatThrownBy(() -> LatentPreview.of(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("latent_rgb.json");
    }

    @Test
    void aLatentOfOtherChannelsIsRefused() throws IOException {
        write("latent_rgb.json", "{\"matrix\": [[1, 1, 1]]}");

        assertThatThrownBy(() -> preview().image(new LatentShape(4, 1, 1), new float[4], 1))
                .hasMessageContaining("1 channels, not 4");
    }

    private LatentPreview preview() {
        return LatentPreview.of(model).orElseThrow();
    }

    private void write(String name, String json) throws IOException {
        Files.writeString(model.resolve("vae").resolve(name), json);
    }
}
