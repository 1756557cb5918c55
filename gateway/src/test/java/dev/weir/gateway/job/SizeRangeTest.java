package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SizeRangeTest {

    private static final SizeRange RANGE = new SizeRange(64, 2048, 8, false);
    private static final double AREA = 512 * 512;

    @Test
    void aPictureKeepsItsSizeAsFarAsTheModelMakesIt() {
        assertThat(RANGE.near(512, 384, AREA)).containsExactly(512, 384);
        assertThat(RANGE.near(389, 251, AREA)).containsExactly(384, 248);
    }

    @Test
    void aLargePictureIsMadeSmallerInItsRatio() {
        assertThat(RANGE.near(4000, 3000, AREA)).containsExactly(584, 440);
        assertThat(RANGE.near(1024, 1024, AREA)).containsExactly(512, 512);
    }

    @Test
    void sidesStayWithinTheModelsBounds() {
        assertThat(RANGE.near(10, 20, AREA)).containsExactly(64, 64);
        assertThat(RANGE.near(20_000, 10, AREA)).containsExactly(2048, 64);
        assertThat(new SizeRange(60, 100, 16, false).near(1, 1000, AREA)).containsExactly(64, 96);
    }
}
