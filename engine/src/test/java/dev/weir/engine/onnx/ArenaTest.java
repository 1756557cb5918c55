package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ArenaTest {

    private final Arena arena = new Arena();

    @Test
    void aShapeThatRepeatsKeepsItsMemory() {
        assertThat(emptyings(LongStream.generate(() -> 4).limit(100))).isEqualTo(1);
    }

    @Test
    void batchesThatComeAgainKeepTheirMemory() {
        assertThat(emptyings(LongStream.range(0, 100).map(i -> i % 4))).isEqualTo(4);
    }

    @Test
    void aShapeOnceLeavesNothing() {
        assertThat(emptyings(LongStream.range(0, 100))).isEqualTo(100);
    }

    @Test
    void theLargestShapeLeavesItsMemoryWhileSmallerOnesRepeat() {
        emptyings(LongStream.of(2, 16, 2, 16));
        assertThat(emptyings(LongStream.generate(() -> 2).limit(Arena.REMEMBERED - 1)))
                .isZero();
        assertThat(emptyings(LongStream.generate(() -> 2).limit(100))).isEqualTo(1);
    }

    private long emptyings(LongStream rows) {
        return rows.filter(count -> arena.isEmptiedAfter(count, 4, 16, 16)).count();
    }
}
