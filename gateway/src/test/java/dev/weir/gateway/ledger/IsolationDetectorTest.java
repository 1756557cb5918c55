package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class IsolationDetectorTest {

    private boolean together;
    private long nanos;
    private final IsolationDetector isolation =
            new IsolationDetector(() -> together, Duration.ofSeconds(40), () -> nanos);

    @Test
    void whoNeverSawAnybodyHasLostNobody() {
        assertThat(isolation.isLost()).isFalse();

        pass(Duration.ofMinutes(5));

        assertThat(isolation.isLost()).isFalse();
    }

    @Test
    void whoLostAllDoubtsItselfUntilItSeesOneAgain() {
        see(true);
        assertThat(isolation.isLost()).isFalse();

        isolation.left(false);
        see(false);
        assertThat(isolation.isLost()).isTrue();
        pass(Duration.ofSeconds(39));
        assertThat(isolation.isLost()).isTrue();

        see(true);
        assertThat(isolation.isLost()).isFalse();
    }

    @Test
    void whoIsAloneForLongerThanItTakesToFindBackGoesOnAlone() {
        see(true);
        isolation.left(false);
        see(false);

        pass(Duration.ofSeconds(41));

        assertThat(isolation.isLost()).isFalse();
    }

    @Test
    void whomAllLeftWithAGoodbyeIsNotCutOff() {
        see(true);
        isolation.left(false);
        isolation.left(true);

        see(false);

        assertThat(isolation.isLost()).isFalse();
    }

    @Test
    void anOldGoodbyeSaysNothingOfThoseWhoStayed() {
        see(true);
        isolation.left(true);
        see(true);

        see(false);

        assertThat(isolation.isLost()).isTrue();
    }

    @Test
    void aGoodbyeMayBeToldLaterThanItIsSeen() {
        see(true);
        see(false);

        isolation.left(true);

        assertThat(isolation.isLost()).isFalse();
    }

    private void see(boolean others) {
        together = others;
        isolation.isLost();
    }

    private void pass(Duration time) {
        nanos += time.toNanos();
    }
}
