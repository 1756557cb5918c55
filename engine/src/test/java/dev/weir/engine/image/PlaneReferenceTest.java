package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ReferenceFile;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures at other sizes beside ComfyUI's arithmetic: {@code tools/reference/comfy_pictures.py}. */
class PlaneReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("images/comfy_pictures.safetensors");
    private static final int WIDTH = 13;
    private static final int HEIGHT = 9;
    /** By name, height and width, and what is cut for them from the left and the top. */
    private static final Map<String, int[]> SIZES = Map.of(
            "larger", new int[] {19, 23, 1, 0}, "smaller", new int[] {5, 4, 3, 0}, "other", new int[] {14, 7, 4, 0});

    private static Bitmap picture() {
        float[] levels = TENSORS.floats("picture");
        byte[] bytes = new byte[levels.length];
        IntStream.range(0, bytes.length).forEach(i -> bytes[i] = (byte) (int) levels[i]);
        return new Bitmap(WIDTH, HEIGHT, Bitmap.RGB, bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nearest-exact", "bilinear", "area", "bicubic", "lanczos"})
    void everyMethodIsComfyuis(String method) {
        SIZES.forEach((name, sides) -> {
            Region middle = new Region(sides[2], sides[3], WIDTH - sides[2], HEIGHT - sides[3]);
            for (int channel = 0; channel < Bitmap.RGB; channel++) {
                Plane plane = Plane.of(picture(), channel);

                assertSame(plane.resize(sides[1], sides[0], method), method + "/" + name, channel);
                assertSame(
                        plane.crop(middle).resize(sides[1], sides[0], method),
                        method + "/" + name + "/center",
                        channel);
            }
        });
    }

    @Test
    void numbersAreKeptBetweenTheSteps() {
        for (int channel = 0; channel < Bitmap.RGB; channel++) {
            Plane plane = Plane.of(picture(), channel)
                    .resize(9, 16, "bicubic")
                    .resize(13, 12, "lanczos")
                    .resize(20, 7, "bilinear")
                    .resize(8, 6, "area")
                    .resize(10, 11, "nearest-exact");

            assertSame(plane, "chain", channel);
        }
    }

    @Test
    void anUnknownMethodIsNamed() {
        Plane plane = Plane.of(picture(), 0);

        assertThatThrownBy(() -> plane.resize(4, 4, "hamming")).hasMessageContaining("not resized by \"hamming\"");
    }

    @Test
    void theNumbersOfAllChannelsLieAroundZero() {
        Plane plane = new Plane(2, 1, new float[] {0, 1.25f});

        assertThat(Plane.joined(List.of(plane, plane, plane)).values()).containsExactly(-1, 1.5f, -1, 1.5f, -1, 1.5f);
    }

    private static void assertSame(Plane plane, String name, int channel) {
        float[] all = TENSORS.floats(name);
        int size = plane.numbers().length;
        assertThat(all).as(name).hasSize(Bitmap.RGB * size);
        for (int i = 0; i < size; i++) {
            assertThat(plane.numbers()[i])
                    .as("%s, channel %d, number %d", name, channel, i)
                    .isCloseTo(all[channel * size + i], within(1e-5f));
        }
    }
}
