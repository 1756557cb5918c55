package dev.weir.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.weir.bench.simulation.Fault;
import dev.weir.tests.simulation.PatchedClasses.Patch;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Faults that the job protocol once had: the simulation finds each of them when it comes back. */
class ReintroducedFaultsTest {

    private static final String STAGE = "runtime/src/main/java/dev/weir/runtime/stage/";
    private static final String JOB = "gateway/src/main/java/dev/weir/gateway/job/";
    private static final int SEEDS = 2000;
    private static final int AT_ONCE = 20;

    @TempDir
    private Path folder;

    @BeforeAll
    static void quiet() {
        ((Logger) LoggerFactory.getLogger("dev.weir")).setLevel(Level.OFF);
    }

    /**
     * Whether some seed of the first ones violates an invariant with the patches.
     *
     * @param last the seed that found it when it was looked for last, and is tried first
     */
    private boolean finds(long last, Patch... patches) throws Exception {
        return finds(Set.of(), last, patches);
    }

    /** @param kinds of the faults of a history, with crashes; none: all kinds */
    private boolean finds(Set<Fault.Kind> kinds, long last, Patch... patches) throws Exception {
        PatchedClasses patched = PatchedClasses.compile(List.of(patches), folder);
        Method valueOf =
                patched.loadClass("dev.weir.bench.simulation.Fault$Kind").getMethod("valueOf", String.class);
        Set<Object> patchedKinds = new HashSet<>();
        for (Fault.Kind kind : kinds) {
            patchedKinds.add(valueOf.invoke(null, kind.name()));
        }
        Method run = patched.loadClass("dev.weir.bench.simulation.Simulation").getMethod("run", long.class, Set.class);
        LongPredicate violates = seed -> {
            try {
                Object outcome = run.invoke(null, seed, patchedKinds);
                return (boolean) outcome.getClass().getMethod("failed").invoke(outcome);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        };
        // Threads that shared all seeds would begin far from the first ones, which suffice.
        return violates.test(last)
                || LongStream.iterate(1, first -> first <= SEEDS, first -> first + AT_ONCE)
                        .anyMatch(first -> LongStream.range(first, first + AT_ONCE)
                                .parallel()
                                .anyMatch(violates));
    }

    /** Then a former owner supersedes the attempts of the present one. */
    @Test
    void attemptsThatAreOrderedByTheirNumberAlone() throws Exception {
        Patch byNumber = new Patch(
                STAGE + "Attempt.java",
                "Comparator.comparingLong(Attempt::epoch).thenComparingInt(Attempt::number)",
                "Comparator.comparingInt(Attempt::number)");

        assertThat(finds(184, byNumber)).isTrue();
    }

    /** Then a former owner's cancellation drops the work of the present one. */
    @Test
    void cancellationsWithoutEpochAndOwner() throws Exception {
        Patch byNumber = new Patch(
                STAGE + "Cancellation.java",
                "return isNamed && attempt.compareTo(last) <= 0 && !isOthers;",
                "return isNamed && attempt.number() <= last.number();");

        assertThat(finds(184, byNumber)).isTrue();
    }

    /** Then an answer that arrives after the loss of its node leaves a negative number of offers. */
    @Test
    void offersThatAreCountedByAddress() throws Exception {
        Patch byAddress = new Patch(
                "runtime/src/main/java/dev/weir/runtime/route/OutstandingLoad.java",
                "        outstanding.remove(address);",
                """
                        Sent sent = outstanding.get(address);
                        if (sent != null) {
                            sent.offers = 0;
                            sent.offeredForwards = 0;
                        }
                """);

        assertThat(finds(28, byAddress)).isTrue();
    }

    /** Then a sample that no stage has is never looked at again. */
    @Test
    void lossThatIsNotNoticed() throws Exception {
        Patch once = new Patch(
                JOB + "Reconciliation.java", "restarts.missing(job, sample, !holder.isEmpty());", "holder.size();");

        assertThat(finds(47, once)).isTrue();
    }

    /** Then a stage forgets an end that its owner never heard of. */
    @Test
    void endsThatAreDeliveredFiveTimes() throws Exception {
        Patch count =
                new Patch(STAGE + "Reports.java", "final Parcel parcel;\n", "final Parcel parcel;\nint deliveries;\n");
        Patch five = new Patch(
                STAGE + "Reports.java",
                "answer.succeeded() || isLate)",
                "answer.succeeded() || isLate || ++delivery.deliveries == 5)");

        assertThat(finds(402, count, five)).isTrue();
    }

    /** Then the loss of a sample that was lost before is not noticed, and the samples that wait for its turn wait too. */
    @Test
    void samplesAtRiskThatAreNotExpectedAnywhere() throws Exception {
        Patch never = new Patch(
                JOB + "Sample.java",
                "        state = State.HELD;\n",
                "        state = danger() > 0 ? State.SEARCHING : State.HELD;\n");

        assertThat(finds(Set.of(Fault.Kind.CRASH), 92, never)).isTrue();
    }
}
