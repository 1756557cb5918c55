package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PictureWritersTest {

    /** On one thread, and on the other. */
    private static final Integer SAMPLE = 0;

    private static final Integer OTHER = 1;

    private final PictureWriters writers = new PictureWriters();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<String> written = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        gate.countDown();
        writers.close();
    }

    @Test
    void theFilesOfASampleAreWrittenInOrderAndDelayNoOtherSample() {
        writers.write(SAMPLE, () -> slow("first"));
        writers.write(SAMPLE, () -> written.add("second"));
        writers.write(OTHER, () -> written.add("other"));
        await().until(() -> written.equals(List.of("other")));

        gate.countDown();

        await().until(() -> written.equals(List.of("other", "first", "second")));
    }

    @Test
    void theDeviceThreadWaitsWhereFilesAreWrittenMoreSlowlyThanDecoded() throws InterruptedException {
        for (int i = 0; i < PictureWriters.MOST; i++) {
            writers.write(i, () -> slow("one of the first"));
        }
        Thread device = new Thread(() -> writers.write(SAMPLE, () -> written.add("last")));
        device.start();
        await().until(() -> device.getState() == Thread.State.WAITING);
        assertThat(written).isEmpty();

        gate.countDown();

        device.join();
        await().until(() -> written.size() == PictureWriters.MOST + 1);
    }

    /** The samples that wait for their files end there. */
    @Test
    void whatWasBegunIsWrittenAtTheEnd() {
        gate.countDown();
        for (int i = 0; i < PictureWriters.MOST; i++) {
            writers.write(i, () -> slow("begun"));
        }
        writers.close();

        assertThat(written).hasSize(PictureWriters.MOST);
    }

    private void slow(String name) {
        try {
            gate.await();
            written.add(name);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
