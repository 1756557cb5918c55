package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The thread that looks into folders for files beside the models. */
final class AddOnWatchTest {

    @ParameterizedTest
    @ValueSource(classes = {OutOfMemoryError.class, InternalError.class, IllegalStateException.class})
    void aLookThatFailsIsNotTheLast(Class<? extends Throwable> failure) throws Exception {
        Throwable thrown = failure.getConstructor(String.class).newInstance("for a moment");
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch told = new CountDownLatch(1);
        BooleanSupplier failsOnce = () -> {
            if (looks.incrementAndGet() == 1) {
                AddOnWatchTest.<RuntimeException>sneak(thrown);
            }
            return false;
        };

        try (AddOnWatch watch = new AddOnWatch(failsOnce, told::countDown, 1)) {
            watch.start();

            assertThat(told.await(60, TimeUnit.SECONDS))
                    .as("what the failed look had changed is told after the next one")
                    .isTrue();
        }
        assertThat(looks.get()).isGreaterThan(1);
    }

    @Test
    void nobodyIsToldWhereNothingHasChanged() throws Exception {
        CountDownLatch looks = new CountDownLatch(3);
        AtomicInteger told = new AtomicInteger();
        BooleanSupplier same = () -> {
            looks.countDown();
            return false;
        };

        try (AddOnWatch watch = new AddOnWatch(same, told::incrementAndGet, 1)) {
            watch.start();

            assertThat(looks.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(told).hasValue(0);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }
}
