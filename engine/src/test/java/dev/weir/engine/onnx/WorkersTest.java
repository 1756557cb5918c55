package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.LibC;
import dev.weir.engine.torch.Torch;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the threads of a session may run, as Linux tells. */
@EnabledOnOs(OS.LINUX)
class WorkersTest {

    private static final String ALLOWED = "Cpus_allowed:\t";

    private final CountDownLatch end = new CountDownLatch(1);
    private final BitSet all = LibC.cores();
    private final AtomicInteger running = new AtomicInteger();

    private final String threads = System.getProperty(Torch.THREADS_PROPERTY);

    @AfterEach
    void endTheWorkerAndRestoreTheNumberOfThreads() {
        end.countDown();
        if (threads == null) {
            System.clearProperty(Torch.THREADS_PROPERTY);
        } else {
            System.setProperty(Torch.THREADS_PROPERTY, threads);
        }
    }

    @Test
    void workersDoNotRunOnTheCallersCoreWhileAnotherCoreIsIdle() {
        assumeThat(all.cardinality()).as("cores").isGreaterThan(1);
        int worker = worker();
        var workers = new Workers(List.of(worker), running::get);
        for (int few : new int[] {1, 2}) {
            running.set(few);
            var allButTheCallersCore = allButTheCallersCoreAfter(workers);
            assertThat(allowed(worker)).as("%d running", few).isEqualTo(allButTheCallersCore);
        }
    }

    @Test
    void workersRunAnywhereWhileOthersNeedTheCores() {
        assumeThat(all.cardinality()).as("cores").isGreaterThan(1);
        int worker = worker();
        var workers = new Workers(List.of(worker), running::get);
        for (int busy : new int[] {all.cardinality() + 1, Integer.MAX_VALUE}) {
            running.set(1);
            workers.place();
            assertThat(allowed(worker)).isNotEqualTo(all);
            running.set(busy);
            workers.place();
            assertThat(allowed(worker)).as("%d running", busy).isEqualTo(all);
        }
    }

    @Test
    void threadsThatRunOnlyBetweenForwardPassesDoNotCount() {
        assumeThat(all.cardinality()).as("cores").isGreaterThan(1);
        int worker = worker();
        var workers = new Workers(List.of(worker), running::get);
        running.set(1);
        workers.look();
        running.set(Integer.MAX_VALUE);
        workers.place();
        assertThat(allowed(worker)).isNotEqualTo(all);
        workers.look();
        workers.place();
        assertThat(allowed(worker)).isEqualTo(all);
    }

    @Test
    void theCallerItselfIsNotBound() {
        running.set(1);
        new Workers(List.of(worker()), running::get).place();
        assertThat(LibC.cores()).isEqualTo(all);
    }

    @Test
    void aSessionKnowsItsThreads() {
        var script = new Script("Network", Weights.NONE);
        var graph = script.method("forward", "x");
        graph.returns(graph.silu(graph.input(Input.Kind.SEQUENCE, "x", 8, 4)));
        var method = script.methods().get(0);
        System.setProperty(Torch.THREADS_PROPERTY, "3");
        try (var first = open(script, method);
                var second = open(script, method)) {
            assertThat(first.workers().threads()).hasSize(2).doesNotHaveDuplicates();
            assertThat(second.workers().threads())
                    .hasSize(2)
                    .doesNotContainAnyElementsOf(first.workers().threads());
        }
    }

    private static OnnxMethod open(Script script, Method method) {
        return RoomyThread.call(() ->
                OnnxMethod.open(script, method, new Kernels(() -> ChannelBlock.NONE), new OnnxBackend().target()));
    }

    @Test
    void theSystemTellsHowManyThreadsRun() {
        assertThat(RunningThreads.count()).isBetween(1, 100_000);
    }

    @ParameterizedTest
    @CsvSource({
        "'0.20 0.18 0.12 3/80 11206\n', 3",
        "'9.00 8.00 7.00 12/3456 1\n', 12",
        "'', 2147483647",
        "'a b c', 2147483647"
    })
    void theFourthNumberOfTheLoadIsRead(String load, int count) {
        assertThat(RunningThreads.count(load.getBytes(StandardCharsets.US_ASCII), load.length()))
                .isEqualTo(count);
    }

    /** Until the caller stayed on one core meanwhile. */
    private BitSet allButTheCallersCoreAfter(Workers workers) {
        int before;
        do {
            before = LibC.core();
            workers.place();
        } while (before != LibC.core());
        var others = (BitSet) all.clone();
        others.clear(before);
        return others;
    }

    /** A thread of this process that waits until the end. */
    private int worker() {
        var workers = RoomyThread.call(() -> {
            var started = new CountDownLatch(1);
            var worker =
                    new Thread(() -> waitAfter(started), Thread.currentThread().getName());
            worker.start();
            await(started);
            return Workers.startedByThisThread();
        });
        assertThat(workers.threads()).hasSize(1);
        return workers.threads().get(0);
    }

    private void waitAfter(CountDownLatch started) {
        started.countDown();
        await(end);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static BitSet allowed(int thread) {
        try (var lines = Files.lines(Path.of("/proc/self/task/" + thread + "/status"))) {
            var mask =
                    lines.filter(line -> line.startsWith(ALLOWED)).findFirst().orElseThrow();
            var digits = new StringBuilder(mask.substring(ALLOWED.length()).replace(",", "")).reverse();
            var cores = new BitSet();
            IntStream.range(0, 4 * digits.length())
                    .filter(core -> (Character.digit(digits.charAt(core / 4), 16) >> core % 4 & 1) == 1)
                    .forEach(cores::set);
            return cores;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
