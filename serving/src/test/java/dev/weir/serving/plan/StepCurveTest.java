package dev.weir.serving.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class StepCurveTest {

    @Test
    void anUnknownDeviceIsTriedWithTwiceTheRowsAsLongAsThatPays() {
        StepCurve curve = StepCurve.unknown(64);
        assertThat(curve.cap()).isEqualTo(1);
        for (int size = 1; size <= 16; size *= 2) {
            curve = curve.after(size, 0.01 * Math.max(8, size));
            assertThat(curve.cap()).isEqualTo(size < 16 ? 2 * size : 8);
        }
    }

    @Test
    void timesBetweenTheMeasuredLieOnALine() {
        StepCurve curve = StepCurve.unknown(16).after(2, 0.2).after(8, 0.8).after(4, 0.5);
        assertThat(curve.seconds(1)).isEqualTo(0.2);
        assertThat(curve.seconds(3)).isCloseTo(0.35, within(1e-9));
        assertThat(curve.seconds(16)).isCloseTo(1.6, within(1e-9));
        assertThat(StepCurve.unknown(16).seconds(4)).isZero();
    }

    /** The first one reads the weights from the disk. */
    @Test
    void ofTheFirstPassesOfASizeTheFastestCounts() {
        StepCurve cold = StepCurve.unknown(1).after(1, 100);
        assertThat(cold.pace().passes()).isEqualTo(1);
        StepCurve warm = cold.after(1, 2).after(1, 3);
        assertThat(warm.seconds(1)).isEqualTo(2);
        assertThat(warm.pace().passes()).isEqualTo(3);
        assertThat(warm.after(1, 3).seconds(1)).isCloseTo(2.1, within(1e-9));
    }

    @Test
    void theCurveFollowsTheDevice() {
        StepCurve curve = StepCurve.unknown(4).after(4, 1);
        for (int i = 0; i < 100; i++) {
            curve = curve.after(4, 2);
        }
        assertThat(curve.seconds(4)).isCloseTo(2, within(0.01));
    }

    @Test
    void aSizeThatWasSlowOnceIsTriedAgain() {
        StepCurve curve = StepCurve.unknown(8).after(4, 0.4).after(8, 0.8);
        assertThat(curve.cap()).isEqualTo(4);
        for (int i = 0; i < 2000 && curve.cap() == 4; i++) {
            curve = curve.after(4, 0.4);
        }
        assertThat(curve.cap()).isEqualTo(8);
    }

    @Test
    void aMemoryThatIsFullHalvesTheCapForGood() {
        StepCurve curve = StepCurve.unknown(16).after(1, 0.1).after(8, 0.1).withoutRoomFor(12);
        assertThat(curve.cap()).isEqualTo(6);
        assertThat(curve.after(6, 0.1).cap()).isEqualTo(6);
        assertThat(curve.withoutRoomFor(1).cap()).isEqualTo(1);
    }
}
