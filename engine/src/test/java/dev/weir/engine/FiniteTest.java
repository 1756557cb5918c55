package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FiniteTest {

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void oneNumberThatIsNotFiniteIsFoundWhereverItIs(float bad) {
        for (int at = 0; at < 37; at++) {
            float[] values = new float[37];
            Arrays.fill(values, -1);
            values[at] = bad;
            assertThat(Finite.all(values)).as("at %d", at).isFalse();
        }
    }

    @Test
    void everyNaNIsFoundWhateverItsBits() {
        for (int bits : new int[] {0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff, 0x7fc00000}) {
            assertThat(Finite.all(new float[] {0, Float.intBitsToFloat(bits)})).isFalse();
        }
    }

    @Test
    void largeAndSmallNumbersAreFinite() {
        assertThat(Finite.all(new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, -0f, 0f}))
                .isTrue();
        assertThat(Finite.all(new float[0])).isTrue();
    }
}
