package dev.weir.gateway.a1111;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code step / total_steps <= skip_early_cond} of Automatic1111's {@code CFGDenoiser}, against the first guided call of Weir. */
final class SkippedGuidanceTest {

    /** Heun of ten steps has 19 calls, and that program counts 20. */
    @ParameterizedTest
    @CsvSource({
        "0.01, 20, 20, 1",
        "0.2, 20, 20, 5",
        "0.21, 20, 20, 5",
        "0.3, 10, 10, 4",
        "1, 20, 20, 20",
        "0.5, 19, 20, 11",
        "0.95, 19, 20, 19",
        "0.29, 100, 100, 30"
    })
    void theFirstGuidedCallIsTheFirstPastTheShare(double share, int calls, int counted, int first) {
        assertThat((int) (SkippedGuidance.start(share, calls, counted) * calls)).isEqualTo(first);
    }
}
