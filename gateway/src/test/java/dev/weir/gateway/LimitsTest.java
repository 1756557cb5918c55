package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.gateway.job.Demand;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is bounded, and what ends of itself. */
@Execution(ExecutionMode.CONCURRENT)
final class LimitsTest {

    private static final JsonObject APPLE = new JsonObject().put("prompt", "a red apple");

    private TestGateway gateway;

    @AfterEach
    void nothingIsLeft() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void aFullGatewaySaysWhenToComeBack() {
        gateway = new TestGateway(TestGateway.CONFIG.with(Limits.DEFAULT.withSamples(2, 4)));
        gateway.stage.script(Sitting::start);
        // Eight samples in 40 s: one leaves every five seconds, and two have to.
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setWaiting(6)
                .setRunning(2)
                .setBacklogSeconds(40)
                .build());
        CompletableFuture<HttpResponse<String>> first = begin(APPLE.copy().put("n", 3));
        await().until(() -> gateway.stage.sittings().size() == 3);

        HttpResponse<String> refused = gateway.generate(APPLE.copy().put("n", 3));

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("10");
        JsonObject error = new JsonObject(refused.body()).getJsonObject("error");
        assertThat(error.getString("type")).isEqualTo("rate_limit_error");
        assertThat(error.getString("code")).isEqualTo("too_many_jobs");
        assertThat(gateway.stage.sittings()).hasSize(3);
        gateway.stage.sittings().forEach(Sitting::paint);
        assertThat(first.join().statusCode()).isEqualTo(200);
    }

    @Test
    void idleNodesCountWhereTheOneThatIsBusyIsSlow() {
        gateway = new TestGateway();
        for (int i = 0; i < 9; i++) {
            gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                    .setNodeId("idle-" + i)
                    .setAddress(Addresses.stage(StageKind.DENOISER, "idle-" + i))
                    .build());
        }
        // Alone it would take 3 times 50 s, and a minute is the limit.
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setRunning(1)
                .setBacklogSeconds(50)
                .build());
        gateway.stage.script(Sitting::paint);

        assertThat(gateway.generate(APPLE.copy().put("n", 3)).statusCode()).isEqualTo(200);
    }

    /** A node may serve models of very different speeds, and states their mean. */
    @Test
    void howLongAJobTakesIsCountedAtThePaceOfItsModel() {
        gateway = new TestGateway();
        NodeStatus.Builder status = TestGateway.status(StageKind.DENOISER).setStepSeconds(60);
        gateway.directory.put(
                status.putPace(TestGateway.CARD.getId(), pace(0.5)).build());
        assertThat(gateway.generate(APPLE).statusCode()).isEqualTo(200);

        gateway.directory.put(status.setStepSeconds(0.5)
                .putPace(TestGateway.CARD.getId(), pace(40))
                .build());
        assertThat(gateway.generate(APPLE).body()).contains("job_too_long").contains("160 s");

        gateway.directory.put(status.putPace(TestGateway.CARD.getId(), pace(20)).build());
        HttpResponse<String> notClear = gateway.generate(APPLE);
        assertThat(notClear.statusCode()).as("the pace may change").isEqualTo(429);
        assertThat(notClear.body()).contains("wait_too_long").contains("80 s even if");
        assertThat(notClear.headers().firstValue("Retry-After")).hasValue("20");

        gateway.directory.put(status.setStepSeconds(60)
                .clearPace()
                .putPace("another", pace(60))
                .build());
        assertThat(gateway.generate(APPLE).statusCode())
                .as("its own pace is unknown, and nothing else is to be done")
                .isEqualTo(200);
    }

    @Test
    void allImagesOfAJobCountAlsoWhereTheNodeIsIdle() {
        gateway = new TestGateway();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .putPace(TestGateway.CARD.getId(), pace(4))
                .build());

        assertThat(gateway.generate(APPLE.copy().put("n", 10)).body())
                .contains("job_too_long")
                .contains("160 s");
        assertThat(gateway.generate(APPLE.copy().put("n", 5)).body())
                .contains("wait_too_long")
                .contains("80 s");
        assertThat(gateway.generate(APPLE.copy().put("n", 3)).statusCode()).isEqualTo(200);
    }

    /** The first pass of a model also reads the weights: a job that it makes too long runs, and measures more of them. */
    @Test
    void theFirstPassesOfAModelRefuseNothingForEver() {
        gateway = new TestGateway();
        NodeStatus.Builder status = TestGateway.status(StageKind.DENOISER);
        String model = TestGateway.CARD.getId();
        gateway.directory.put(
                status.putPace(model, pace(40).toBuilder().setPasses(1).build()).build());
        assertThat(gateway.generate(APPLE).statusCode()).isEqualTo(200);

        gateway.directory.put(status.setRunning(1).setBacklogSeconds(40).build());
        assertThat(gateway.generate(APPLE).body())
                .as("it does not begin at once")
                .contains("wait_too_long");

        gateway.directory.put(status.putPace(model, pace(40)).build());
        assertThat(gateway.generate(APPLE).body()).contains("job_too_long");
    }

    private static ForwardPace pace(double seconds) {
        return ForwardPace.newBuilder()
                .setRows(2)
                .setSeconds(seconds)
                .setPasses(3)
                .build();
    }

    @Test
    void aJobThatCanNeverBeDoneInTimeIsNotToldToComeBack() {
        gateway = new TestGateway();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setRunning(1)
                .setBacklogSeconds(10)
                .putPace(TestGateway.CARD.getId(), pace(40))
                .build());

        for (HttpRequest request : List.of(
                gateway.post("/v1/images/generations", APPLE.encode()),
                gateway.post("/sdapi/v1/txt2img", APPLE.encode()),
                gateway.post("/models/tiny", "{\"inputs\": \"a red apple\"}"),
                gateway.post("/v1/predictions", "{\"version\": \"tiny\", \"input\": {\"prompt\": \"a red apple\"}}"))) {
            HttpResponse<String> refused = gateway.send(request);
            assertThat(refused.statusCode()).as(request.uri() + refused.body()).isEqualTo(400);
            assertThat(refused.headers().firstValue("Retry-After")).isEmpty();
            assertThat(refused.body()).contains(" s even if").contains("60 s").contains("--job-time");
        }
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    /** Of models on one device each has half of its time, and samples of one model that fill a forward pass wait for each other. */
    @Test
    void aLongJobDelaysShortOnesByTheirOwnTimeAtMostAndAnHonestWaitIsStillRefused() {
        gateway = new TestGateway();
        gateway.stage.script(Sitting::start);
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DECODER)) {
            gateway.directory.put(withSlowModel(kind).build());
        }
        NodeStatus.Builder denoiser =
                withSlowModel(StageKind.DENOISER).putPace("tiny", pace(0.5)).putPace("slow", pace(1));
        gateway.directory.put(denoiser.build());
        JsonObject fifty = APPLE.copy().put("model", "slow").put("num_inference_steps", 50);
        CompletableFuture<HttpResponse<String>> longJob = begin(fifty);
        await().until(() -> gateway.stage.sittings().size() == 1);
        gateway.directory.put(
                denoiser.setRunning(1).setBacklogSeconds(50).setRoundSeconds(1).build());

        JsonObject ten = APPLE.copy().put("n", 10);
        CompletableFuture<HttpResponse<String>> shortOnes = begin(ten);
        await().until(() -> gateway.stage.sittings().size() == 11);
        HttpResponse<String> more = gateway.generate(ten);
        HttpResponse<String> anotherLongOne = gateway.generate(fifty);

        assertThat(more.statusCode()).isEqualTo(429);
        assertThat(more.body())
                .as("twenty of two seconds each, and as long for the other model")
                .contains("wait_too_long")
                .contains("about 81 s");
        assertThat(more.headers().firstValue("Retry-After")).hasValue("21");
        assertThat(anotherLongOne.statusCode()).isEqualTo(429);
        assertThat(anotherLongOne.body()).contains("wait_too_long");
        gateway.stage.sittings().forEach(Sitting::paint);
        assertThat(longJob.join().statusCode()).isEqualTo(200);
        assertThat(shortOnes.join().statusCode()).isEqualTo(200);
    }

    private static NodeStatus.Builder withSlowModel(StageKind kind) {
        return TestGateway.status(kind)
                .addModels(ModelStatus.newBuilder()
                        .setId("slow")
                        .addStages(Addresses.name(kind))
                        .setCard(TestGateway.CARD.toBuilder().setId("slow")));
    }

    @Test
    void aJobThatWouldWaitPastTheLimitIsToldWhenToComeBack() {
        gateway = new TestGateway();
        // A minute is the limit: by the queues of the nodes it would be done in 40 + 4 steps of 6 s.
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setWaiting(6)
                .setRunning(2)
                .setBacklogSeconds(40)
                .setStepSeconds(6)
                .build());

        HttpResponse<String> refused = gateway.generate(APPLE);

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("4");
        assertThat(refused.body()).contains("wait_too_long").contains("about 64 s");
        assertThat(gateway.generate(APPLE.copy().put("num_inference_steps", 3)).statusCode())
                .isEqualTo(200);
    }

    @Test
    void aJobPastItsDeadlineFailsAndIsCancelledAtTheStages() {
        gateway = new TestGateway(TestGateway.CONFIG.with(patience(Duration.ofMillis(300), Duration.ofSeconds(30))));
        gateway.stage.script(Sitting::start);

        HttpResponse<String> response = gateway.generate(APPLE);

        assertThat(response.statusCode()).isEqualTo(504);
        assertThat(response.body()).contains("deadline_exceeded");
        await().until(() -> gateway.cancels.size() == 1);
    }

    @Test
    void aDrainingGatewayEndsWhatItHasAndTakesNothingNew() {
        gateway = new TestGateway();
        gateway.stage.script(Sitting::start);
        CompletableFuture<HttpResponse<String>> running = begin(APPLE);
        await().until(() -> gateway.ask(
                        jobs -> jobs.demands().stream().filter(Demand::begun).count())
                == 1);

        Future<Void> drained = gateway.health().drain(Duration.ofSeconds(20));
        await().until(() -> gateway.fetch("/readyz").statusCode() == 503);
        HttpResponse<String> refused = gateway.generate(APPLE);
        assertThat(drained.isComplete()).isFalse();
        gateway.stage.sittings().get(0).paint();

        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.body()).contains("draining");
        assertThat(running.join().statusCode()).isEqualTo(200);
        TestGateway.get(drained);
    }

    @Test
    void aSampleThatNobodySpeaksOfStartsAnew() {
        gateway = new TestGateway(TestGateway.CONFIG.with(patience(Duration.ofSeconds(60), Duration.ofSeconds(1))));
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 2) {
                sitting.paint();
            }
        });

        assertThat(gateway.generate(APPLE).statusCode()).isEqualTo(200);

        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    @Test
    void twoHundredJobsLeaveNothingBehind() {
        gateway = new TestGateway();

        List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 200)
                .mapToObj(i -> begin(APPLE.copy().put("n", 1 + i % 2).put("stream", i % 3 == 0)))
                .toList();

        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
        assertThat(gateway.isIdle()).isTrue();
        assertThat(gateway.stage.sittings()).hasSize(300);
        assertThat(gateway.kept()).isZero();
        assertThat(gateway.fetch("/metrics").body())
                .contains("weir_gateway_samples 0.0")
                .contains("weir_gateway_sample_seconds_count{outcome=\"completed\"} 300");
    }

    private CompletableFuture<HttpResponse<String>> begin(JsonObject body) {
        // Over HTTP/2 the client would stop at a hundred at once.
        HttpRequest request = HttpRequest.newBuilder(
                        gateway.post("/v1/images/generations", body.encode()), (name, value) -> true)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        return gateway.http().sendAsync(request, BodyHandlers.ofString());
    }

    private static Patience patience(Duration deadline, Duration silence) {
        return new Patience(deadline, silence, Duration.ofSeconds(10), Duration.ofSeconds(30));
    }
}
