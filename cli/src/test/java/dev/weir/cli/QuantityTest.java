package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class QuantityTest {

    @Test
    void oneOfAThingIsInTheSingular() {
        assertThat(Quantity.of(0, "job")).isEqualTo("0 jobs");
        assertThat(Quantity.of(1, "unfinished image")).isEqualTo("1 unfinished image");
        assertThat(Quantity.of(8, "unfinished image")).isEqualTo("8 unfinished images");
    }
}
