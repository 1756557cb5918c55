package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.UserRules;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.GatewayStatus;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.proto.v1.JobTold;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.runtime.Loop;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Delivery;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Jobs of another gateway, which the test plays: it answers subscriptions when the test says so. */
final class RemoteJobViewsTest {

    private static final String OWNER = "other.1";
    private static final String ID = "01a2224e-af38-7597-8feb-e2d93ad4a263";
    private static final Patience PATIENCE = new Patience(
            Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(30));
    private static final JobSpec SPEC = Specs.of(1);
    private static final JobSpec PAIR = Specs.of(2);

    private final Vertx vertx = Vertx.vertx();
    /** Subscriptions that the other gateway has received and not answered. */
    private final List<Delivery> subscriptions = new CopyOnWriteArrayList<>();

    private final AtomicInteger searches = new AtomicInteger();
    private Context loop;
    private KeptJobs kept;
    private OwnedJobs owned;
    private RemoteJobViews views;

    @BeforeEach
    void start() throws Exception {
        NodeContext node = get(NodeContext.create(vertx, "here", NodeConfig.Limits.DEFAULT, new SimpleMeterRegistry()));
        loop = vertx.getOrCreateContext();
        Gateways gateways = on(() -> new Gateways(node, System::nanoTime));
        on(() -> {
            ModelCatalog catalog = new ModelCatalog(node.directory(), System::nanoTime);
            Jobs jobs = new Jobs(
                    node, catalog, "weir.gateway.here", Limits.DEFAULT, PATIENCE, UserRules.NONE, cancel -> {});
            kept = new KeptJobs(node.loop(), Limits.DEFAULT.memory(), PATIENCE.result(), job -> {});
            Stores stores = new Stores(
                    new Ledger(node.memory()),
                    new Checkpoints(node.memory(), 1 << 20, node.metrics()),
                    new Attachments(node.memory(), new ImageMemory(1 << 20)),
                    Optional.empty());
            owned = new OwnedJobs(node.loop(), jobs, kept, stores, gateways, PATIENCE);
            views = new RemoteJobViews(node, kept, gateways, owned, job -> {
                searches.incrementAndGet();
                return Future.failedFuture("no owner is known");
            });
            return null;
        });
        get(on(gateways::start));
        get(node.courier().listen(Addresses.gateway("other"), subscriptions::add));
        node.courier()
                .publish(
                        Addresses.GATEWAYS,
                        Parcel.of(GatewayStatus.newBuilder()
                                .setName(OWNER)
                                .setAddress(Addresses.gateway("other"))
                                .setSequence(1)
                                .build()));
        await().until(() -> on(() -> gateways.address(OWNER).isPresent()));
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void aSubscriptionThatFailsLateTakesNothingFromTheGatewayThatAdoptedTheJobMeanwhile() throws Exception {
        Future<KeptJob> opened = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));
        await().until(() -> subscriptions.size() == 1);
        KeptJob adopted = on(() -> adopt(new KeptJob(ID, SPEC, 0, Loop.of(vertx))));

        answer(0, Verdict.INVALID);
        await().until(opened::isComplete);

        assertThat(on(() -> kept.find(ID))).containsSame(adopted);
    }

    @Test
    void theOwnerOfAJobDoesNotFollowAnOwnerOfBefore() throws Exception {
        KeptJob adopted = on(() -> adopt(new KeptJob(ID, SPEC, 0, Loop.of(vertx))));

        Future<KeptJob> opened = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));

        assertThat(get(opened)).isSameAs(adopted);
        assertThat(on(() -> kept.find(ID))).containsSame(adopted);
        assertThat(subscriptions).isEmpty();
    }

    @Test
    void twoRequestsForOneJobShareOneViewAndOneSubscription() throws Exception {
        Future<KeptJob> first = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));
        Future<KeptJob> second = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));
        await().until(() -> subscriptions.size() > 0);

        answer(0, Verdict.ACCEPTED);

        assertThat(get(second)).isSameAs(get(first));
        assertThat(subscriptions).hasSize(1);
        assertThat(on(() -> kept.find(ID))).containsSame(get(first));
    }

    @Test
    void aViewIsAnAnswerOnceItsOwnerHasSentWhatItKnows() throws Exception {
        Future<KeptJob> opened = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));
        await().until(() -> subscriptions.size() == 1);
        assertThat(on(() -> views.opening(ID))).isPresent();

        answer(0, Verdict.ACCEPTED);
        get(opened);

        assertThat(on(() -> views.opening(ID))).isEmpty();
    }

    @Test
    void theOwnerOfAJobThatIsWatchedIsSearchedForWhenASubscriptionFails() throws Exception {
        KeptJob job = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        Future<KeptJob> opened = on(() -> views.open(job, OWNER));
        await().until(() -> subscriptions.size() == 1);
        on(() -> {
            job.watch(event -> {}, () -> {});
            return null;
        });

        answer(0, Verdict.INVALID);
        await().until(opened::isComplete);

        await().until(() -> searches.get() > 0);
        assertThat(on(() -> kept.find(ID))).containsSame(job);
    }

    @Test
    void aViewThatNobodyWatchesAndThatCannotBeOpenedIsForgotten() throws Exception {
        Future<KeptJob> opened = on(() -> views.open(new KeptJob(ID, SPEC, 0, Loop.of(vertx)), OWNER));
        await().until(() -> subscriptions.size() == 1);

        answer(0, Verdict.INVALID);
        await().until(opened::isComplete);

        assertThat(on(() -> kept.find(ID))).isEmpty();
    }

    @Test
    void aGatewayThatFollowedAJobEndsItsViewWhenItAdoptsIt() throws Exception {
        KeptJob shown = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        Future<KeptJob> opened = on(() -> views.open(shown, OWNER));
        await().until(() -> subscriptions.size() == 1);
        answer(0, Verdict.ACCEPTED);
        get(opened);

        KeptJob adopted = on(() -> adopt(shown));
        on(() -> {
            adopted.on(new JobEvent.Cancelled(new Moment(ID, 0, 1, 0, 1, 0, 0)));
            return null;
        });

        assertThat(on(() -> kept.find(ID).orElseThrow().isOver())).isTrue();
        assertThat(on(() -> views.isRemote(ID))).isFalse();
    }

    @Test
    void nothingAfterALostEndIsReportedBeforeTheEndHasBeenSentAgain() throws Exception {
        KeptJob job = new KeptJob(ID, PAIR, 0, Loop.of(vertx));
        Future<KeptJob> opened = on(() -> views.open(job, OWNER));
        await().until(() -> subscriptions.size() == 1);
        answer(0, Verdict.ACCEPTED);
        get(opened);
        JobEventRecord end = JobEventRecord.newBuilder()
                .setSample(0)
                .setSeq(6)
                .setCancelled(JobEventRecord.Cancelled.getDefaultInstance())
                .build();
        JobEventRecord next = JobEventRecord.newBuilder()
                .setSample(1)
                .setSeq(7)
                .setProgress(JobEventRecord.Progress.getDefaultInstance())
                .build();

        tell(next, 6);

        assertThat(on(() -> job.eventsAfter(0))).isEmpty();
        await().until(() -> subscriptions.size() == 2);
        tell(end, 0);
        tell(next, 6);
        assertThat(on(() -> job.eventsAfter(0)))
                .extracting(event -> event.at().seq())
                .containsExactly(6L, 7L);
    }

    private void tell(JobEventRecord event, long lastEnd) throws Exception {
        on(() -> {
            views.on(
                    JobTold.newBuilder()
                            .setJobId(ID)
                            .setEvent(event)
                            .setLastEnd(lastEnd)
                            .build(),
                    List.of());
            return null;
        });
    }

    private KeptJob adopt(KeptJob job) {
        JobRecord record = RecordFormat.describe(ID, SPEC, 0, Long.MAX_VALUE, "here.1");
        owned.hold(owned.recorded(job, record, record.toByteArray()));
        return job;
    }

    private void answer(int subscription, Verdict verdict) {
        subscriptions
                .get(subscription)
                .reply()
                .accept(OfferReply.newBuilder().setVerdict(verdict).build());
    }

    private <T> T on(Callable<T> question) throws Exception {
        return get(Future.<T>future(promise -> loop.runOnContext(v -> {
            try {
                promise.complete(question.call());
            } catch (Exception e) {
                promise.fail(e);
            }
        })));
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
