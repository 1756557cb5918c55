package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PixelsTest {

    private static final LatentShape TWO_PIXELS = new LatentShape(3, 1, 2);

    @Test
    void blackAndWhiteAreWhereTheModelHasThem() {
        assertThat(decoded(new Pixels(3, -1, 1), TWO_PIXELS, -1, 1, 0, -2, 0.5f, 2))
                .containsExactly(0, 128, 191, 255, 0, 255);
        assertThat(decoded(new Pixels(3, 0, 1), TWO_PIXELS, -1, 1, 0, 0.5f, 0.2f, 2))
                .containsExactly(0, 0, 51, 255, 128, 255);
    }

    @Test
    void greyHasThreeEqualColors() {
        assertThat(decoded(new Pixels(1, -1, 1), new LatentShape(1, 1, 2), 1, -1))
                .containsExactly(255, 255, 255, 0, 0, 0);
    }

    @Test
    void aPictureWithANumberThatIsNotFiniteIsNone() {
        var pixels = new Pixels(1, 0, 1);
        assertThat(pixels.decode(new LatentShape(1, 1, 1), List.of(new float[] {Float.NaN}, new float[] {1})))
                .satisfiesExactly(first -> assertThat(first).isEmpty(), second -> assertThat(second)
                        .isPresent());
    }

    @Test
    void whatIsEncodedIsDecodedToTheSamePicture() {
        for (Pixels pixels : List.of(new Pixels(3, -1, 1), new Pixels(3, 0, 1), new Pixels(1, -1, 1))) {
            int channels = pixels.channels();
            var shape = new LatentShape(channels, 1, 2);
            byte[] bytes = channels == 3 ? new byte[] {0, 1, 2, -3, -2, -1} : new byte[] {9, 9, 9, -9, -9, -9};
            var picture = new RgbImage(2, 1, bytes);
            float[] sample =
                    pixels.encode(List.of(UnitImage.of(picture))).get(0).mode();
            RgbImage again = pixels.decode(shape, List.of(pixels.normalized(sample)))
                    .get(0)
                    .orElseThrow();
            assertThat(again.pixels()).containsExactly(bytes);
        }
    }

    @Test
    void framesShowTheSampleAsThePictureWould() {
        float[] sample = {0, 1, 0.5f, 0.25f, 1, 0};
        var pixels = new Pixels(3, 0, 1);
        assertThat(unsigned(pixels.preview().image(TWO_PIXELS, sample, 1)))
                .containsExactly(decoded(pixels, TWO_PIXELS, sample));
        assertThat(unsigned(new Pixels(1, -1, 1).preview().image(new LatentShape(1, 1, 1), new float[] {1}, 1)))
                .containsExactly(255, 255, 255);
    }

    @Test
    void otherChannelsAreNoPictures() {
        assertThatThrownBy(() -> new Pixels(4, -1, 1)).hasMessageContaining("not 4");
        assertThatThrownBy(() -> new Pixels(3, -1, 1).decode(new LatentShape(1, 1, 1), List.of(new float[1])))
                .hasMessageContaining("the pictures have 3 channels");
    }

    private static int[] decoded(Pixels pixels, LatentShape shape, float... sample) {
        return unsigned(pixels.decode(shape, List.of(sample)).get(0).orElseThrow());
    }

    private static int[] unsigned(RgbImage image) {
        int[] values = new int[image.pixels().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Byte.toUnsignedInt(image.pixels()[i]);
        }
        return values;
    }
}
