package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SizeRangeTest {

    private static final SizeRange RANGE = new SizeRange(64, 2048, 8, false);
    private static final double AREA = 512 * 512;

    @Test
    void aPictureKeepsItsSizeAsFarAsTheModelMakesIt() {
        assertThat(near(RANGE, 512, 384)).containsExactly(512, 384);
        assertThat(near(RANGE, 389, 251)).containsExactly(384, 248);
    }

    @Test
    void aLargePictureIsMadeSmallerInItsRatio() {
        assertThat(near(RANGE, 4000, 3000)).containsExactly(584, 440);
        assertThat(near(RANGE, 1024, 1024)).containsExactly(512, 512);
    }

    @Test
    void aSmallPictureIsMadeLargerInItsRatio() {
        assertThat(near(RANGE, 10, 20)).containsExactly(64, 128);
        assertThat(near(RANGE, 40, 100)).containsExactly(64, 160);
        assertThat(near(new SizeRange(60, 1000, 16, false), 30, 90)).containsExactly(64, 192);
    }

    @Test
    void aLongPictureFitsIntoTheModelsBounds() {
        assertThat(near(RANGE, 4096, 128)).containsExactly(2048, 64);
        assertThat(near(new SizeRange(64, 1024, 8, false), 2000, 200)).containsExactly(1024, 96);
    }

    @Test
    void aPictureWhoseRatioNoSizeHasIsNotStretched() {
        assertThat(RANGE.near(20_000, 10, AREA)).isEmpty();
        assertThat(new SizeRange(60, 100, 16, false).near(1, 1000, AREA)).isEmpty();
    }

    private static int[] near(SizeRange range, int width, int height) {
        return range.near(width, height, AREA).orElseThrow();
    }
}
