package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Stage.Admission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PictureReadersTest {

    private final PictureReaders readers = new PictureReaders(StageKind.DECODER);
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<Object> seen = new ArrayList<>();
    private final Function<Supplier<Object>, Admission> admission = read -> outbox -> seen.add(read.get());

    @AfterEach
    void close() {
        gate.countDown();
        readers.close();
    }

    @Test
    void aPictureIsReadOnAThreadOfItsOwnAndAdmittedByTheCaller() {
        readers.admission(() -> Thread.currentThread().getName(), admission)
                .join()
                .admit(null);

        assertThat(seen).containsExactly("weir-decoder-pictures");
    }

    @Test
    void aProblemWithAPictureIsThrownToItsAdmission() {
        Admission broken = readers.admission(
                        () -> {
                            throw new IllegalArgumentException("no picture");
                        },
                        admission)
                .join();

        assertThatThrownBy(() -> broken.admit(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no picture");
    }

    @Test
    void fewPicturesAreReadAtOnceAndOfDroppedWorkNone() {
        AtomicInteger reading = new AtomicInteger();
        AtomicInteger others = new AtomicInteger();
        List<CompletableFuture<Admission>> busy = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            busy.add(readers.admission(
                    () -> {
                        reading.incrementAndGet();
                        try {
                            gate.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return "read";
                    },
                    admission));
        }
        var dropped = readers.admission(others::incrementAndGet, admission);
        var kept = readers.admission(others::incrementAndGet, admission);
        await().until(() -> reading.get() == 2);
        dropped.cancel(false);
        gate.countDown();
        kept.join();
        busy.forEach(CompletableFuture::join);

        assertThat(others).hasValue(1);
        assertThat(reading).hasValue(3);
    }

    /** The samples of pictures that are put back end on these threads, so none may be dropped. */
    @Test
    void whatWasHandedOverIsDoneBeforeTheThreadsEndAndNothingElseIsRead() throws Exception {
        List<String> done = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 3; i++) {
            readers.execute(() -> {
                try {
                    gate.await();
                    done.add("put back");
                } catch (InterruptedException e) {
                    done.add("interrupted");
                }
            });
        }
        CompletableFuture<Admission> waiting = readers.admission(() -> done.add("read"), admission);
        Thread closing = new Thread(readers::close);
        closing.start();
        await().until(() ->
                Set.of(Thread.State.TIMED_WAITING, Thread.State.TERMINATED).contains(closing.getState()));
        gate.countDown();
        closing.join();

        assertThat(done).containsExactly("put back", "put back", "put back");
        assertThat(waiting).isCompletedExceptionally();
    }

    @Test
    void equalPicturesAreReadOnceAsLongAsOneIsHeldAndProblemsAreNotKept() {
        SharedReads<String, Object> reads = new SharedReads<>();
        Object first = reads.get("a", Object::new);
        assertThat(reads.get("a", Object::new)).isSameAs(first);
        assertThat(reads.get("b", Object::new)).isNotSameAs(first);
        assertThatThrownBy(() -> reads.get("c", () -> {
                    throw new IllegalArgumentException("no picture");
                }))
                .hasMessage("no picture");
        assertThat(reads.get("c", () -> "read")).isEqualTo("read");
        assertThat(reads.get("a", () -> "another")).isSameAs(first);
    }
}
