package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.serving.plan.StepCurve;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

final class BatchProfileTest {

    private static final long MS = 1_000_000;

    private long now;
    private FakeModel model;

    @Test
    void theCapIsWhereThroughputStopsRising() {
        StepCurve curve = profile(10_000 * MS, 32, rows -> 10 * MS * Math.max(8, rows));
        assertThat(curve.cap()).isEqualTo(8);
        assertThat(curve.seconds(1)).isCloseTo(0.08, within(1e-9));
        assertThat(curve.seconds(12)).isCloseTo(0.12, within(1e-9));
    }

    @Test
    void aDeviceThatGainsFromEveryRowTakesAsManyAsAreAllowed() {
        assertThat(profile(10_000 * MS, 32, rows -> 10 * MS).cap()).isEqualTo(32);
    }

    @Test
    void theProfileEndsBeforeItsTimeIsUp() {
        profile(1000 * MS, 64, rows -> 20 * MS * rows);
        assertThat(now).isLessThanOrEqualTo(1000 * MS);
        assertThat(model.batches).contains(16).doesNotContain(32);
    }

    @Test
    void theCapStaysWithinTheMemory() {
        StepCurve curve = profile(10_000 * MS, 32, rows -> {
            if (rows > 4) {
                throw new OutOfMemoryError("Java heap space");
            }
            return 10 * MS;
        });
        assertThat(curve.cap()).isEqualTo(4);
    }

    private StepCurve profile(long budget, int most, IntToLongFunction nanos) {
        model = new FakeModel(rows -> now += nanos.applyAsLong(rows));
        return new BatchProfile(budget, () -> now).of(model.open(FakeModel.FOLDER), most);
    }
}
