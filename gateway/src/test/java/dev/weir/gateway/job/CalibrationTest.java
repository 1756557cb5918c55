package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class CalibrationTest {

    private final Calibration calibration = new Calibration();

    @Test
    void aForecastThatIsTooShortIsMadeAsLongAsSamplesTake() {
        for (int i = 0; i < 30; i++) {
            calibration.learn("a", calibration.calibrated("a", 10), 30);
        }

        assertThat(calibration.calibrated("a", 10)).isCloseTo(30, within(0.5));
        assertThat(calibration.calibrated("b", 10)).isEqualTo(10);
    }

    @Test
    void oneSlowSampleChangesLittle() {
        calibration.learn("a", 10, 20);

        assertThat(calibration.calibrated("a", 10)).isBetween(10.5, 12.0);
    }

    @Test
    void nonsenseIsBounded() {
        for (int i = 0; i < 1000; i++) {
            calibration.learn("slow", 1, 1e9);
            calibration.learn("quick", 1, 0);
            calibration.learn("nothing", 0, 5);
        }

        assertThat(calibration.calibrated("slow", 1)).isEqualTo(20);
        assertThat(calibration.calibrated("quick", 1)).isEqualTo(0.5);
        assertThat(calibration.calibrated("nothing", 1)).isEqualTo(1);
    }
}
