package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ReferenceFile;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Maps that are made of pictures. */
class PreprocessorTest {

    @ParameterizedTest
    @CsvSource({"images/photo.png, photo", "controlnets/steps.png, steps"})
    void edgesAreOpenCvs(String picture, String name) throws IOException {
        Bitmap edges = Preprocessor.named("canny").of(read(picture));

        assertThat(edges).isEqualTo(read("controlnets/" + name + "-canny.png").rgb());
    }

    @Test
    void aPictureOfOnePixelHasNoEdge() {
        assertThat(Preprocessor.CANNY.of(new Bitmap(1, 1, Bitmap.GREY, new byte[] {(byte) 200})))
                .isEqualTo(Bitmap.black(1, 1, Bitmap.RGB));
    }

    @Test
    void invertedTwiceAPictureIsTheSame() throws IOException {
        Bitmap photo = read("images/photo.png").rgb();
        Bitmap inverted = Preprocessor.named("invert").of(photo);

        assertThat(inverted).isNotEqualTo(photo);
        assertThat(inverted.values()[5]).isEqualTo((byte) (255 - photo.values()[5]));
        assertThat(Preprocessor.INVERT.of(inverted)).isEqualTo(photo);
    }

    @Test
    void blurIsPils() throws IOException {
        Bitmap photo = read("images/photo.png").rgb();

        assertThat(Preprocessor.named("blur").of(photo))
                .isEqualTo(Blur.gaussian(photo, 5))
                .isNotEqualTo(photo);
        assertThat(Preprocessor.named("none").of(photo)).isEqualTo(photo);
    }

    @Test
    void othersAreUnknown() {
        assertThat(Preprocessor.names()).containsExactly("none", "canny", "blur", "invert");
        assertThatThrownBy(() -> Preprocessor.named("openpose")).isInstanceOf(IllegalArgumentException.class);
    }

    private static Bitmap read(String file) throws IOException {
        return PictureReader.read(Files.readAllBytes(ReferenceFile.path(file)), PictureReader.Limits.DEFAULT);
    }
}
