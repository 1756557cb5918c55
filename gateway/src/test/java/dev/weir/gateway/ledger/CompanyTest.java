package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class CompanyTest {

    private boolean together;
    private long nanos;
    private final Company company = new Company(() -> together, Duration.ofSeconds(40), () -> nanos);

    @Test
    void whoNeverSawAnybodyHasLostNobody() {
        assertThat(company.isLost()).isFalse();

        pass(Duration.ofMinutes(5));

        assertThat(company.isLost()).isFalse();
    }

    @Test
    void whoLostAllDoubtsItselfUntilItSeesOneAgain() {
        see(true);
        assertThat(company.isLost()).isFalse();

        company.left(false);
        see(false);
        assertThat(company.isLost()).isTrue();
        pass(Duration.ofSeconds(39));
        assertThat(company.isLost()).isTrue();

        see(true);
        assertThat(company.isLost()).isFalse();
    }

    @Test
    void whoIsAloneForLongerThanItTakesToFindBackGoesOnAlone() {
        see(true);
        company.left(false);
        see(false);

        pass(Duration.ofSeconds(41));

        assertThat(company.isLost()).isFalse();
    }

    @Test
    void whomAllLeftWithAGoodbyeIsNotCutOff() {
        see(true);
        company.left(false);
        company.left(true);

        see(false);

        assertThat(company.isLost()).isFalse();
    }

    @Test
    void anOldGoodbyeSaysNothingOfThoseWhoStayed() {
        see(true);
        company.left(true);
        see(true);

        see(false);

        assertThat(company.isLost()).isTrue();
    }

    @Test
    void aGoodbyeMayBeToldLaterThanItIsSeen() {
        see(true);
        see(false);

        company.left(true);

        assertThat(company.isLost()).isFalse();
    }

    private void see(boolean others) {
        together = others;
        company.isLost();
    }

    private void pass(Duration time) {
        nanos += time.toNanos();
    }
}
