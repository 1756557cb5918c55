package dev.weir.engine.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.image.Bitmap;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What is computed of a request's mask is computed once, where the sight is made. */
class SightTest {

    private static final int SIDE = 32;
    private static final int PADDING = 2;

    @Test
    void theMaskAndItsRegionAreComputedOnce() {
        Bitmap mask = mask(SIDE);
        Sight sight = sight(mask, 1, OptionalInt.of(PADDING));
        float[] painted = sight.input().painted().orElseThrow();
        float[] seen = sight.input().seen().values();
        byte[] finished = sight.finished(made()).pixels();
        // Whatever is computed of the mask from here on differs.
        Arrays.fill(mask.values(), (byte) 0);
        mask.values()[0] = (byte) 255;

        assertThat(sight.input().painted().orElseThrow()).isEqualTo(painted).contains(0, 1);
        assertThat(sight.input().seen().values()).isEqualTo(seen);
        assertThat(sight.input().kept(painted).values()).hasSameSizeAs(seen).isNotEqualTo(seen);
        assertThat(sight.finished(made()).pixels()).isEqualTo(finished);
    }

    @Test
    void aMaskOfAnotherSizeIsRefusedWhereTheSightIsMade() {
        assertThat(sight(mask(SIDE / 2), 0, OptionalInt.empty()).part()).isEmpty();
        assertThatThrownBy(() -> sight(mask(SIDE / 2), 0, OptionalInt.of(PADDING)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("mask: 16x16 pixels", "32x32");
    }

    @Test
    void anAutoencoderSeesTheNumbersThatBytesDoNotHave() {
        float[] numbers = new float[Bitmap.RGB * 16 * 16];
        Arrays.fill(numbers, 1.07f);
        Sight sight = sight(mask(SIDE), 0, OptionalInt.empty());

        assertThat(sight.with(new UnitImage(16, 16, numbers)).input().seen().values())
                .containsOnly(1.07f);
        assertThatThrownBy(() -> sight.with(new UnitImage(48, 16, Arrays.copyOf(numbers, 3 * numbers.length))))
                .hasMessageContaining("48x16 is not of the size 16x16");
    }

    private static Sight sight(Bitmap mask, double blur, OptionalInt padding) {
        byte[] colors = new byte[SIDE * SIDE * Bitmap.RGB];
        for (int i = 0; i < colors.length; i++) {
            colors[i] = (byte) (7 * i);
        }
        return Sight.of(
                new Bitmap(SIDE, SIDE, Bitmap.RGB, colors), Optional.of(mask), 16, 16, blur, padding, Optional.empty());
    }

    private static RgbImage made() {
        return new RgbImage(16, 16, new byte[16 * 16 * Bitmap.RGB]);
    }

    /** White in a square near the middle. */
    private static Bitmap mask(int side) {
        byte[] marks = new byte[side * side];
        for (int y = side / 4; y < side / 2; y++) {
            Arrays.fill(marks, y * side + side / 4, y * side + side / 2, (byte) 255);
        }
        return new Bitmap(side, side, Bitmap.GREY, marks);
    }
}
