package dev.weir.runtime.route;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Loop;
import dev.weir.runtime.Stages;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Failure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class OfferDispatcherTest {

    private final Vertx vertx = Vertx.vertx();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Courier courier = Courier.of(vertx, metrics);
    private final StatusDirectory directory = new StatusDirectory(Loop.of(vertx), member -> true);
    /** The addresses at which an offer gets no answer, not even after the time for one. */
    private final Set<String> unheard = ConcurrentHashMap.newKeySet();

    private final OfferDispatcher dispatcher =
            new OfferDispatcher(Loop.of(vertx), new Patient(), directory, metrics, Duration.ofMillis(600));

    @BeforeEach
    void start() throws Exception {
        get(dispatcher.start().compose(v -> directory.start(courier)));
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void aRefusalLeadsToAnotherNode() throws Exception {
        FakeNode busy = node("busy", 9);
        FakeNode free = node("free", 9);
        busy.verdict = Verdict.BUSY;

        for (int i = 0; i < 6; i++) {
            assertThat(get(dispatch("job" + i)).getAddress()).isEqualTo(free.address());
        }

        assertThat(free.offered).hasSize(6);
    }

    @Test
    void aTaskGoesToNodesWithItsWeightsOnly() throws Exception {
        FakeNode same = node("same", 9);
        FakeNode other = node("other", 9);
        same.fingerprints = Map.of("unet", "u1", "vae", "v1");
        other.fingerprints = Map.of("unet", "u2", "vae", "v1");
        same.publish(9);
        other.publish(9);
        await().until(() ->
                directory.alive().stream().allMatch(node -> node.getModels(0).getFingerprintsCount() == 2));
        Task.Builder task = task("job").putFingerprints("unet", "u1");

        for (int i = 0; i < 6; i++) {
            assertThat(get(dispatcher.dispatch(task.build(), List.of())).getAddress())
                    .isEqualTo(same.address());
        }

        assertThat(other.offered).isEmpty();
        task.putFingerprints("unet", "u3");
        assertThat(failure(dispatcher.dispatch(task.build(), List.of()))).hasMessageContaining("tiny");
    }

    @Test
    void aNodeThatRefusedIsAskedAgainAfterItsNextStatusOnly() throws Exception {
        FakeNode only = node("only", 1);
        only.verdict = Verdict.BUSY;
        Future<NodeStatus> taken = dispatch("job");
        await().until(() -> offers("busy") == 1);
        only.verdict = Verdict.ACCEPTED;
        node("other", 0);

        assertThat(only.offered).hasSize(1);
        assertThat(taken.isComplete()).isFalse();
        only.publish(1);

        assertThat(get(taken).getAddress()).isEqualTo(only.address());
    }

    @Test
    void silenceLeadsToAnotherNode() throws Exception {
        FakeNode deaf = new FakeNode(courier, "deaf");
        deaf.publish(9);
        FakeNode free = node("free", 1);

        assertThat(get(dispatch("job")).getAddress()).isEqualTo(free.address());
        assertThat(deaf.offered).isEmpty();
    }

    @Test
    void anOfferToANodeThatIsLostIsNotWaitedFor() throws Exception {
        FakeNode leaving = node("leaving", 9);
        unheard.add(leaving.address());
        Future<NodeStatus> taken = dispatch("job");
        FakeNode free = node("free", 9);

        leaving.leave();

        assertThat(get(taken).getAddress()).isEqualTo(free.address());
        assertThat(metrics.counter("weir.offers", "stage", "decoder", "verdict", "lost")
                        .count())
                .isEqualTo(1);
    }

    @Test
    void aNodeWhoseStatusStopsIsNotChosenAndIsToldAsLost() throws Exception {
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.onLost(status -> lost.add(status.getAddress()));
        FakeNode quiet = node("quiet", 9);

        await().until(() -> lost.contains(quiet.address()));

        assertThat(failureOf(dispatch("job")).code()).isEqualTo("no_node");
        assertThat(quiet.offered).isEmpty();
    }

    @Test
    void aTaskThatNoNodeServesFailsWhenPatienceEnds() throws Exception {
        node("full", 0);

        Failure failure =
                failureOf(dispatcher.dispatch(task("job").setModel("large").build(), List.of()));

        assertThat(failure.code()).isEqualTo("no_node");
        assertThat(failure.retryable()).isTrue();
        assertThat(failure.message()).contains("decoder").contains("\"large\"");
    }

    @Test
    void aTaskThatFindsNoRoomFailsAtItsDeadline() throws Exception {
        node("full", 0);

        Task task = task("job").setDeadlineMs(System.currentTimeMillis() + 100).build();

        assertThat(failureOf(dispatcher.dispatch(task, List.of())).code()).isEqualTo("deadline_exceeded");
    }

    @Test
    void whatCanNeverBeDoneIsNotTriedTwice() throws Exception {
        FakeNode one = node("one", 9);
        FakeNode other = node("other", 9);
        one.verdict = Verdict.INVALID;
        other.verdict = Verdict.INVALID;

        assertThat(failureOf(dispatch("job"))).isEqualTo(new Failure("invalid_task", "as told", false));
        assertThat(one.offered.size() + other.offered.size()).isEqualTo(1);
    }

    @Test
    void whatIsSupersededAtANodeIsNotTriedAtAnotherAndTheNewestAttemptIsKnown() throws Exception {
        FakeNode node = node("node", 9);
        node.verdict = Verdict.SUPERSEDED;
        node.newest = new Attempt(3, 12);

        assertThat(failureOf(dispatch("job"))).isEqualTo(Failure.superseded("as told", new Attempt(3, 12)));

        assertThat(node.offered).hasSize(1);
    }

    @Test
    void aCancelledJobWaitsNoMore() throws Exception {
        node("full", 0);
        Future<NodeStatus> waiting = dispatch("job");

        cancel(0);

        assertThat(failureOf(waiting)).isEqualTo(Failure.superseded("the job has ended", Attempt.NONE));
    }

    @Test
    void ofAJobsAttemptsThoseThatAnotherOwnerEndedWaitNoMore() throws Exception {
        FakeNode node = node("full", 0);
        Future<NodeStatus> waiting = dispatch(attempt(12));
        Future<NodeStatus> later = dispatch(attempt(13));

        cancel(12);

        assertThat(failureOf(waiting)).isEqualTo(Failure.superseded("the job has ended", new Attempt(0, 12)));
        node.publish(1);
        assertThat(get(later).getAddress()).isEqualTo(node.address());
    }

    @Test
    void ofAJobOnlyTheSampleThatIsCancelledWaitsNoMore() throws Exception {
        FakeNode node = node("full", 0);
        Future<NodeStatus> first = dispatch(attempt(1));
        Task.Builder second = attempt(1);
        second.getRefBuilder().setSample(1);
        Future<NodeStatus> other = dispatch(second);

        courier.publish(
                Addresses.CANCEL,
                Parcel.of(Cancel.newBuilder().setSample(attempt(1).getRef()).build()));

        assertThat(failureOf(first)).isEqualTo(Failure.superseded("the sample was cancelled", new Attempt(0, 1)));
        node.publish(1);
        assertThat(get(other).getAddress()).isEqualTo(node.address());
    }

    @Test
    void theUrgentGoFirstAndEquallyUrgentInOrderOfArrival() throws Exception {
        FakeNode node = node("node", 0);
        List<Future<NodeStatus>> all = List.of(
                dispatch(task("batch").setPriority(Priority.BATCH)),
                dispatch(task("first")),
                dispatch(task("second")),
                dispatch(task("urgent").setPriority(Priority.INTERACTIVE)));

        node.publish(4);

        get(Future.all(all));
        assertThat(node.offered)
                .extracting(task -> task.getRef().getJobId())
                .containsExactly("urgent", "first", "second", "batch");
    }

    @Test
    void aFrameIsOfferedOnceAndToNobodyWhereThereIsNoRoom() throws Exception {
        FakeNode node = node("node", 0);
        assertThat(failure(dispatcher.tryOnce(task("job").build(), List.of()))).isInstanceOf(DispatchException.class);

        node.publish(1);
        await().until(() -> directory.alive().get(0).getFreeCredits() == 1);
        get(dispatcher.tryOnce(task("job").build(), List.of()));
        node.verdict = Verdict.BUSY;
        assertThat(failure(dispatcher.tryOnce(task("job").build(), List.of()))).isInstanceOf(DispatchException.class);
        assertThat(node.offered).hasSize(2);
    }

    @Test
    void offersAreCountedByVerdict() throws Exception {
        node("node", 9);

        get(dispatch("job"));

        assertThat(offers("accepted")).isEqualTo(1);
    }

    private double offers(String verdict) {
        return metrics.counter("weir.offers", "stage", "decoder", "verdict", verdict)
                .count();
    }

    private void cancel(int attempt) {
        courier.publish(
                Addresses.CANCEL,
                Parcel.of(
                        Cancel.newBuilder().setJobId("job").setAttempt(attempt).build()));
    }

    private FakeNode node(String id, int credits) throws Exception {
        FakeNode node = new FakeNode(courier, id);
        get(node.listen());
        node.publish(credits);
        await().until(() -> directory.alive().stream()
                .anyMatch(status -> status.getAddress().equals(node.address())));
        return node;
    }

    private Future<NodeStatus> dispatch(String jobId) {
        return dispatch(task(jobId));
    }

    private Future<NodeStatus> dispatch(Task.Builder task) {
        return dispatcher.dispatch(task.build(), List.of());
    }

    private static Failure failureOf(Future<NodeStatus> dispatched) throws Exception {
        return ((DispatchException) failure(dispatched)).failure();
    }

    private static Task.Builder attempt(int attempt) {
        Task.Builder task = task("job");
        task.getRefBuilder().setAttempt(attempt);
        return task;
    }

    private static Task.Builder task(String jobId) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(jobId))
                .setModel("tiny")
                .addRoute(Stages.of(StageKind.DECODER, 1));
    }

    private final class Patient implements Courier {
        @Override
        public Future<OfferReply> offer(String address, Parcel parcel) {
            return unheard.contains(address) ? Promise.<OfferReply>promise().future() : courier.offer(address, parcel);
        }

        @Override
        public Future<Void> tell(String address, Parcel parcel) {
            return courier.tell(address, parcel);
        }

        @Override
        public void publish(String address, Parcel parcel) {
            courier.publish(address, parcel);
        }

        @Override
        public Future<Inbox> listen(String address, Consumer<Delivery> handler) {
            return courier.listen(address, handler);
        }
    }
}
