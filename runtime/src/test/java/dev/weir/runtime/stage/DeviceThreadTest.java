package dev.weir.runtime.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import dev.weir.runtime.TestStage;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DeviceThreadTest {

    private final Semaphore gate = new Semaphore(0);
    private final TestStage stage = new TestStage(StageKind.DECODER, 4, gate);
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final Recorder recorder = new Recorder();
    private final DeviceThread device = new DeviceThread("test-device", stage, silentOutbox(), recorder, recorder);

    @AfterEach
    void end() {
        gate.release(100);
        device.close();
        await().until(() -> stage.closed);
    }

    @Test
    void whatWaitsWhenTheDeviceFreesUpGoesInOneForward() {
        device.start();
        admit(work("a"));
        await().until(() -> gate.hasQueuedThreads());
        admit(work("b"));
        admit(work("c"));
        admit(work("d"));
        gate.release(2);

        await().until(() -> told.size() == 3);
        assertThat(told).containsExactly("opened", "turned 1", "turned 3");
    }

    @Test
    void aDeviceThatStandsStillWithWorkSaysForHowLong() {
        device.start();
        await().until(() -> told.contains("opened"));
        assertThat(device.stalledMs()).isZero();
        admit(work("a"));

        await().until(() -> device.stalledMs() > 20);
        gate.release();

        await().until(() -> told.contains("turned 1") && device.stalledMs() == 0);
        assertThat(device.longest()).isGreaterThan(Duration.ofMillis(20));
    }

    @Test
    void aTurnThatThrowsIsToldOnceAndTheThreadWaitsToBeTold() {
        device.start();
        stage.turnProblem = new AssertionError("broken kernel");
        gate.release(1);
        admit(work("a"));
        await().until(() -> told.contains("failed broken kernel"));

        device.drop(new SampleKey("a", 0));
        admit(work("b"));
        gate.release(1);

        await().until(() -> told.contains("turned 1"));
        assertThat(told).containsExactly("opened", "failed broken kernel", "turned 1");
    }

    @Test
    void whatIsDroppedWhileItWaitsIsNotDone() {
        device.start();
        admit(work("a"));
        await().until(() -> gate.hasQueuedThreads());
        admit(work("b"));
        admit(work("c"));
        device.drop(new SampleKey("b", 0));
        gate.release(2);

        await().until(() -> told.size() == 3);
        assertThat(told).containsExactly("opened", "turned 1", "turned 1");
    }

    private void admit(Work work) {
        device.admit(work, outbox -> stage.admit(work, outbox));
    }

    private static Work work(String jobId) {
        Task.Builder task = Task.newBuilder().addRoute(Stages.of(StageKind.DECODER, 1));
        task.getRefBuilder().setJobId(jobId);
        return new Work(task.build(), List.of(Tensor.ofFloats("x", new float[] {1}, 1)));
    }

    private static Outbox silentOutbox() {
        return (Outbox) Proxy.newProxyInstance(
                Outbox.class.getClassLoader(), new Class<?>[] {Outbox.class}, (proxy, method, args) -> null);
    }

    private final class Recorder implements Device.Listener, DeviceThread.Opening {

        @Override
        public void opened() {
            told.add("opened");
        }

        @Override
        public void openFailed(Throwable problem) {
            told.add("open failed");
        }

        @Override
        public void admitFailed(Work work, Throwable problem) {
            told.add("not admitted");
        }

        @Override
        public void turned(int rows, long nanos) {
            told.add("turned " + rows);
        }

        @Override
        public void turnFailed(Throwable problem) {
            told.add("failed " + problem.getMessage());
        }

        @Override
        public void closed() {
            told.add("closed");
        }
    }
}
