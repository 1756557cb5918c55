package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Priority;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.BatchKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class FramePainterTest {

    private static final long MS = 1_000_000;

    private final FakeModel model = new FakeModel(rows -> {});
    private final Seen seen = new Seen();
    /** Every look at it takes a millisecond, so a frame takes one. */
    private final AtomicLong clock = new AtomicLong();

    private final FramePainter painter = new FramePainter("frames", () -> clock.addAndGet(MS));
    private final HeldSample a = sample("a");
    private final HeldSample b = sample("b");

    @AfterEach
    void close() {
        painter.close();
    }

    @Test
    void aDeviceWithRoomHasAllItsFramesPainted() {
        painter.start();
        for (int step = 1; step <= 20; step++) {
            offer(a, step);
            painter.stepped(MS, false);
            int steps = step;
            await().until(() -> seen.frames.size() == steps);
        }
        assertThat(seen.dropped).hasValue(0);
    }

    @Test
    void aFullDeviceGivesFramesAHundredthOfItsTimeAndDropsWhatIsLeft() {
        painter.stepped(0, true);
        painter.start();
        for (int step = 1; step <= 1000; step++) {
            offer(a, step);
            painter.stepped(MS, true);
        }
        // The painter takes a frame before it paints it, so none may wait although none is painted yet.
        await().until(() -> !seen.frames.isEmpty() && (painter.waiting() == 0 || seen.frames.size() >= 10));
        offer(a, 1001);
        assertThat(seen.frames.size()).isBetween(1, 11);
        assertThat(seen.dropped.get()).isGreaterThan(900);
        painter.stepped(0, false);
        await().untilAsserted(() -> assertThat(seen.frames).endsWith("a 1001"));
    }

    @Test
    void whoHasWaitedLongestComesFirstWithTheNewestOfTheirFrames() {
        offer(a, 1);
        offer(b, 1);
        offer(a, 2);
        painter.start();
        await().until(() -> seen.frames.size() == 2);
        assertThat(seen.frames).containsExactly("a 2", "b 1");
        assertThat(seen.dropped).hasValue(1);
    }

    @Test
    void whatIsForgottenIsNotPaintedAndNotKept() {
        offer(a, 1);
        offer(b, 1);
        painter.forget(a.work().key());
        painter.forget(a.work().key());
        painter.start();
        await().until(() -> painter.waiting() == 0 && seen.frames.size() == 1);
        assertThat(seen.frames).containsExactly("b 1");
    }

    private void offer(HeldSample sample, int step) {
        float[] original = new float[sample.shape().size()];
        painter.offer(
                new FramePainter.Frame(sample, FakeModel.FOLDER.latentPreview().orElseThrow(), original, step), seen);
    }

    private HeldSample sample(String job) {
        DiffusionPart part = model.open(FakeModel.FOLDER);
        Work work = FakeModel.work(job, "", Priority.STANDARD, 1000, false, 1);
        LatentShape shape = part.shape(work.stage());
        return new HeldSample(
                work,
                part,
                new BatchKey("default", shape, Signature.NONE),
                part.begin(work, List.of()),
                new Pace(Duration.ofDays(1)));
    }

    /** What came out, by sample and step. */
    private static final class Seen implements Outbox {

        final List<String> frames = new CopyOnWriteArrayList<>();
        final AtomicInteger dropped = new AtomicInteger();

        @Override
        public void frame(Work work, int step, int total, EncodedImage image) {
            assertThat(image.format()).isEqualTo("jpeg");
            frames.add(work.key().jobId() + " " + step);
        }

        @Override
        public void frameDropped() {
            dropped.incrementAndGet();
        }

        @Override
        public void started(Work work) {}

        @Override
        public void progress(Work work, int step, int total, double stepSeconds) {}

        @Override
        public void previewLatent(Work work, int step, int total, Tensor latent) {}

        @Override
        public void handOn(Work work, List<Tensor> tensors) {}

        @Override
        public void finish(Work work, EncodedImage image) {}

        @Override
        public void fail(Work work, Failure failure) {}
    }
}
