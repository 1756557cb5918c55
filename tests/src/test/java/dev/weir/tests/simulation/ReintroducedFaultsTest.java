package dev.weir.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.weir.tests.simulation.PatchedClasses.Patch;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Faults that the job protocol once had: the simulation finds each of them when it comes back. */
class ReintroducedFaultsTest {

    private static final String STAGE = "runtime/src/main/java/dev/weir/runtime/stage/";
    private static final int SEEDS = 300;

    @TempDir
    private Path folder;

    @BeforeAll
    static void quiet() {
        ((Logger) LoggerFactory.getLogger("dev.weir")).setLevel(Level.OFF);
    }

    /** The first seed that violates an invariant with the patches; -1 if none does. */
    private long found(long seeds, Patch... patches) throws Exception {
        Class<?> simulation =
                PatchedClasses.compile(List.of(patches), folder).loadClass("dev.weir.bench.simulation.Simulation");
        Method run = simulation.getMethod("run", long.class, boolean.class);
        return LongStream.rangeClosed(1, seeds)
                .filter(seed -> {
                    try {
                        Object outcome = run.invoke(null, seed, false);
                        return (boolean) outcome.getClass().getMethod("failed").invoke(outcome);
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .findFirst()
                .orElse(-1);
    }

    /** Then a former owner supersedes the attempts of the present one. */
    @Test
    void attemptsThatAreOrderedByTheirNumberAlone() throws Exception {
        Patch byNumber = new Patch(
                STAGE + "Attempt.java",
                "Comparator.comparingLong(Attempt::epoch).thenComparingInt(Attempt::number)",
                "Comparator.comparingInt(Attempt::number)");

        assertThat(found(SEEDS, byNumber)).isPositive();
    }

    /** Then a former owner's cancellation drops the work of the present one. */
    @Test
    void cancellationsWithoutEpochAndOwner() throws Exception {
        Patch byNumber = new Patch(
                STAGE + "Cancellation.java",
                "return isNamed && attempt.compareTo(last) <= 0 && !isOthers;",
                "return isNamed && attempt.number() <= last.number();");

        assertThat(found(SEEDS, byNumber)).isPositive();
    }

    /** Then an answer that arrives after the loss of its node leaves a negative number of offers. */
    @Test
    void offersThatAreCountedByAddress() throws Exception {
        Patch byAddress = new Patch(
                "runtime/src/main/java/dev/weir/runtime/route/OutstandingLoad.java",
                "        outstanding.remove(address);",
                """
                        Charge charge = outstanding.get(address);
                        if (charge != null) {
                            charge.offers = 0;
                            charge.offeredForwards = 0;
                        }
                """);

        assertThat(found(SEEDS, byAddress)).isPositive();
    }
}
