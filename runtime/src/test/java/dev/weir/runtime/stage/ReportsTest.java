package dev.weir.runtime.stage;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Finished;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.Stages;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReportsTest {

    private static final String OWNER = "weir.gateway.owner";
    private static final int REFUSALS = 7;

    private final Vertx vertx = Vertx.vertx();
    private final AtomicInteger received = new AtomicInteger();
    private volatile int refusals = REFUSALS;
    private Context loop;
    private Reports reports;

    @BeforeEach
    void start() throws Exception {
        NodeContext node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, new SimpleMeterRegistry()));
        get(node.courier().listen(OWNER, delivery -> {
            if (received.incrementAndGet() <= refusals) {
                delivery.reply()
                        .accept(OfferReply.newBuilder().setVerdict(Verdict.BUSY).build());
            }
        }));
        loop = vertx.getOrCreateContext();
        reports = new Reports(node, StageKind.DECODER, () -> {}, 5);
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void theEndOfASampleIsRepeatedUntilItsOwnerAcknowledgesIt() throws Exception {
        deliver(task(1).setDeadlineMs(Long.MAX_VALUE).build());

        await().until(() -> ask(reports::underWay) == 0);

        assertThat(received.get()).isEqualTo(REFUSALS + 1);
    }

    @Test
    void theEndOfASampleIsNotRepeatedPastItsDeadline() throws Exception {
        refusals = Integer.MAX_VALUE;

        deliver(task(1).setDeadlineMs(System.currentTimeMillis() + 500).build());

        await().until(() -> received.get() > 1 && ask(reports::underWay) == 0);
    }

    @Test
    void theEndOfAnAttemptThatDoesNotCountAnyMoreIsWithdrawn() throws Exception {
        refusals = Integer.MAX_VALUE;
        Task outdated = task(1).build();
        deliver(outdated);
        deliver(task(2).build());
        await().until(() -> received.get() > 4);

        run(() -> reports.withdraw(outdated::equals));

        await().until(() -> ask(reports::underWay) == 1);
        assertThat(ask(() -> reports.holdings(Stream.empty())).getSamplesList())
                .extracting(Holding::getRef)
                .containsExactly(task(2).getRef());
    }

    private void deliver(Task task) throws Exception {
        Held held = new Held(new Work(task, List.of()), 0);
        run(() -> reports.deliver(
                held, Event.newBuilder().setRef(task.getRef()).setFinished(Finished.getDefaultInstance()), List.of()));
    }

    /** Runs on the event loop that owns the reports, and waits for its end: what the test asks next is about its result. */
    private void run(Runnable action) throws Exception {
        ask(() -> {
            action.run();
            return null;
        });
    }

    private <T> T ask(Supplier<T> question) throws Exception {
        Promise<T> answer = Promise.promise();
        loop.runOnContext(v -> answer.complete(question.get()));
        return get(answer.future());
    }

    private static Task.Builder task(int attempt) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("job").setAttempt(attempt))
                .setOwner(OWNER)
                .addRoute(Stages.of(StageKind.DECODER, 1));
    }
}
