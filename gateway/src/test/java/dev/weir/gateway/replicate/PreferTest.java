package dev.weir.gateway.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What the header {@code Prefer} asks for. */
final class PreferTest {

    @Test
    void aClientWaitsForAsLongAsItSaysAndForAMinuteAtMost() {
        assertThat(Prefer.of("wait=5")).isEqualTo(new Prefer(5, false));
        assertThat(Prefer.of("wait")).isEqualTo(new Prefer(60, false));
        assertThat(Prefer.of("wait=3600")).isEqualTo(new Prefer(60, false));
        assertThat(Prefer.of("wait=100000")).isEqualTo(new Prefer(60, false));
    }

    @Test
    void namesHaveNoCase() {
        assertThat(Prefer.of("Wait=5")).isEqualTo(new Prefer(5, false));
        assertThat(Prefer.of("Respond-Async, WAIT")).isEqualTo(new Prefer(60, true));
    }
}
