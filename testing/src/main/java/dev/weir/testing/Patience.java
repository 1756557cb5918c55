package dev.weir.testing;

import static org.awaitility.pollinterval.IterativePollInterval.iterative;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.Extension;

/**
 * How tests wait unless they say it themselves: long enough for a busy machine, and not longer than necessary where a condition is soon
 * met. JUnit finds it by {@code META-INF/services} and creates it before the first test.
 */
public final class Patience implements Extension {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration FIRST_POLL = Duration.ofMillis(5);
    private static final Duration LONGEST_POLL = Duration.ofMillis(100);

    public Patience() {
        Awaitility.setDefaultTimeout(TIMEOUT);
        Awaitility.setDefaultPollDelay(Duration.ZERO);
        Awaitility.setDefaultPollInterval(iterative(Patience::next, FIRST_POLL));
    }

    private static Duration next(Duration poll) {
        Duration longer = poll.multipliedBy(2);
        return longer.compareTo(LONGEST_POLL) < 0 ? longer : LONGEST_POLL;
    }
}
