package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.GatewayStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A gateway on a clock of the test's; the others are what the test publishes. */
final class GatewaysTest {

    private final Vertx vertx = Vertx.vertx();
    private final AtomicLong nanos = new AtomicLong();
    private final List<String> lost = new CopyOnWriteArrayList<>();
    private final List<String> oversleeps = new CopyOnWriteArrayList<>();
    private NodeContext node;
    private Context loop;
    private Gateways gateways;
    private long sequence;
    private long stageSequence;

    @BeforeEach
    void start() throws Exception {
        node = get(NodeContext.create(vertx, "here", Limits.DEFAULT, new SimpleMeterRegistry()));
        loop = vertx.getOrCreateContext();
        on(() -> {
            gateways = new Gateways(node, nanos::get);
            gateways.onLost(lost::add);
            gateways.onOverslept(() -> oversleeps.add(gateways.self()));
            return gateways.start();
        });
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void whoIsHeardOfIsAliveUntilTheLeaseLapses() throws Exception {
        hearStages();
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));
        assertThat(on(() -> gateways.address("other.1"))).hasValue("weir.gateway.other");

        passSeconds(4);

        assertThat(lost).containsExactly("other.1");
        assertThat(on(() -> gateways.isAlive("other.1"))).isFalse();
        assertThat(oversleeps).isEmpty();
    }

    @Test
    void whomAnotherStillHearsIsNotLost() throws Exception {
        hearStages();
        hear("other.1", false);
        hear("third.1", false, "other.1");
        await().until(() -> on(() -> gateways.others().size() == 2));

        for (int i = 0; i < 4; i++) {
            hear("third.1", false, "other.1");
            pass(Duration.ofSeconds(1));
        }
        assertThat(on(() -> gateways.others())).containsExactly("third.1");
        assertThat(on(() -> gateways.isAlive("other.1"))).isTrue();
        assertThat(lost).isEmpty();

        hear("third.1", false);

        await().until(() -> lost.contains("other.1"));
        assertThat(on(() -> gateways.isAlive("other.1"))).isFalse();
    }

    @Test
    void whoHearsNobodyHasLostNobody() throws Exception {
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));

        passSeconds(4);
        assertThat(on(() -> gateways.others())).isEmpty();
        assertThat(on(gateways::acquainted)).isFalse();
        assertThat(lost).isEmpty();

        hearStages();
        await().during(Duration.ofMillis(300))
                .until(() -> !node.directory().alive().isEmpty() && lost.isEmpty());
        passSeconds(4);

        await().until(() -> lost.contains("other.1"));
        assertThat(on(gateways::acquainted)).isTrue();
    }

    @Test
    void whoWasDeafBuriesNobodyBeforeItCouldHearOfAll() throws Exception {
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));
        passSeconds(4);

        hearStages();
        await().until(() -> !node.directory().alive().isEmpty());
        pass(Duration.ofSeconds(1));
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));
        pass(Duration.ofSeconds(2));

        assertThat(lost).isEmpty();
    }

    @Test
    void aGoodbyeIsALossAtOnce() throws Exception {
        hearStages();
        await().until(() -> !node.directory().alive().isEmpty());
        passSeconds(4);
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));

        hear("other.1", true);

        await().until(() -> lost.contains("other.1"));
    }

    @Test
    void whoSleepsPastItsLeaseOwnsNothingUntilAnotherHasHeardOfItAgain() throws Exception {
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));
        String before = on(gateways::self);

        pass(Duration.ofSeconds(4));

        assertThat(oversleeps).hasSize(1).doesNotContain(before);
        assertThat(on(() -> gateways.isSelf(before))).isFalse();
        assertThat(lost).as("who sleeps does not bury others").isEmpty();
        hear("other.1", false, before);
        await().during(Duration.ofMillis(300)).until(() -> on(() -> !gateways.settled()));

        hear("other.1", false, oversleeps.get(0));

        await().until(() -> on(gateways::settled));
        assertThat(on(gateways::acquainted))
                .as("it waits for the others before it buries any")
                .isFalse();
    }

    @Test
    void whoWakesAndHearsNobodyWaitsForLongerThanItTakesToBeTakenBack() throws Exception {
        hear("other.1", false);
        await().until(() -> on(() -> gateways.isAlive("other.1")));
        pass(Duration.ofSeconds(4));

        passSeconds(30);
        assertThat(on(() -> gateways.others())).isEmpty();
        assertThat(on(gateways::settled)).as("its memory may be its own alone").isFalse();

        passSeconds(12);
        await().until(() -> on(gateways::settled));
    }

    @Test
    void whoIsAloneMaySleep() throws Exception {
        hearStages();
        String before = on(gateways::self);

        pass(Duration.ofSeconds(60));

        assertThat(on(gateways::self)).isEqualTo(before);
        await().until(() -> {
            pass(Duration.ofSeconds(1));
            return on(gateways::acquainted);
        });
    }

    private void hearStages() {
        vertx.setPeriodic(0, 100, timer -> node.courier()
                .publish(
                        Addresses.STATUS,
                        Parcel.of(NodeStatus.newBuilder()
                                .setAddress("weir.denoiser.some")
                                .setSequence(++stageSequence)
                                .build())));
    }

    private void hear(String name, boolean gone, String... sees) {
        node.courier()
                .publish(
                        Addresses.GATEWAYS,
                        Parcel.of(GatewayStatus.newBuilder()
                                .setName(name)
                                .setAddress("weir.gateway.other")
                                .setSequence(++sequence)
                                .setGone(gone)
                                .addAllSees(List.of(sees))
                                .build()));
    }

    /** The gateway's own timer ticks at least once with this time gone by. */
    private void pass(Duration time) throws Exception {
        long now = nanos.addAndGet(time.toNanos());
        await().until(() -> on(() -> gateways.tickedNanos() >= now));
    }

    /** One after the other: it does not sleep meanwhile. */
    private void passSeconds(int seconds) throws Exception {
        for (int i = 0; i < seconds; i++) {
            pass(Duration.ofSeconds(1));
        }
    }

    private <T> T on(Callable<T> question) throws Exception {
        Object answer = get(Future.future(promise -> loop.runOnContext(v -> {
            try {
                promise.complete(question.call());
            } catch (Exception e) {
                promise.fail(e);
            }
        })));
        @SuppressWarnings("unchecked")
        T typed = (T) answer;
        return typed;
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
