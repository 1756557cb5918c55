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

    /**
     * Found among the first 200,000: an adoption whose answer was lost, so that a gateway owned a job without knowing; owners in both parts
     * of a cluster that gave events the same numbers; ends that a gateway reported without a record while it left.
     */
    private static final LongStream FOUND = LongStream.of(27_736, 126_059, 132_328, 162_639);

    @BeforeAll
    static void quiet() {
        ((Logger) LoggerFactory.getLogger("dev.weir")).setLevel(Level.OFF);
    }

    @Test
    void noSeedViolatesAPromise() {
        List<String> violated = LongStream.concat(LongStream.rangeClosed(1, SEEDS), FOUND)
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
