package dev.weir.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.weir.bench.simulation.Simulation;
import dev.weir.bench.simulation.Simulation.Outcome;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The job protocol keeps its promises under faults, in virtual time. */
class SimulationTest {

    /** Each fault that {@link ReintroducedFaultsTest} brings back is found by less than a quarter of them. */
    private static final int SEEDS = 2000;

    @BeforeAll
    static void quiet() {
        ((Logger) LoggerFactory.getLogger("dev.weir")).setLevel(Level.OFF);
    }

    @Test
    void noSeedViolatesAPromise() {
        List<String> violated = LongStream.rangeClosed(1, SEEDS)
                .parallel()
                .mapToObj(seed -> Simulation.run(seed, false))
                .filter(Outcome::failed)
                .map(outcome -> outcome.seed() + ": " + outcome.violations())
                .toList();

        assertThat(violated).isEmpty();
    }

    @Test
    void aSeedIsRepeatedEventByEvent() {
        LongStream.rangeClosed(1, 5).forEach(seed -> {
            Outcome once = Simulation.run(seed, true);
            Outcome again = Simulation.run(seed, true);

            assertThat(once.history()).isNotEmpty().isEqualTo(again.history());
            assertThat(once.events()).isEqualTo(again.events());
        });
    }
}
