package dev.weir.gateway;

import static dev.weir.gateway.TestGateway.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.MoodyMemory.Mood;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.gateway.job.JobId;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.proto.v1.KeyRecord;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is written of jobs, when, and what happens while it cannot be. */
@Execution(ExecutionMode.CONCURRENT)
final class LedgerTest {

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "a red apple").put("seed", 5);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration RESULT = Duration.ofSeconds(2);
    /** Far more than the gateway works on at once. */
    private static final int STORM = 2000;

    private static final GatewayConfig SHORT = TestGateway.CONFIG
            .with(new Patience(Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(10), RESULT))
            .with(Limits.DEFAULT.withSamples(4000, 4000).withKept(4000, 64L << 20));

    private final Vertx vertx = Vertx.vertx();
    private final MoodyMemory memory = new MoodyMemory(vertx);
    private TestGateway gateway = new TestGateway(TestGateway.CONFIG, vertx, memory);

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void aJobIsInTheLedgerWhenItIsAccepted() {
        gateway.stage.script(Sitting::start);

        JobRecord record = record(submit());

        assertThat(record.getGeneration().getPrompt()).isEqualTo("a red apple");
        assertThat(record.getOwner()).startsWith("gateway-a");
        assertThat(record.getDeadlineMs()).isGreaterThan(System.currentTimeMillis());
    }

    @Test
    void whereTheLedgerDoesNotAnswerTheClientIsToldSoAndNothingIsBegun() {
        for (Mood mood : List.of(Mood.SILENT, Mood.REFUSING)) {
            memory.mood = mood;

            HttpResponse<String> response = post(APPLE);

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).contains("ledger_unavailable");
            assertThat(response.headers().firstValue("Retry-After")).isPresent();
        }
        assertThat(gateway.isIdle()).isTrue();
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void aRecordWithoutAnAnswerIsTakenBackUnlessAnotherGatewayHasAdoptedIt() {
        String adopted = unansweredJob("adopted");
        String left = unansweredJob("left");
        JobRecord record = record(adopted, memory.content(MemoryArea.JOBS));
        byte[] taken = record.toBuilder().setOwner("gateway-b.1").build().toByteArray();
        get(memory.content(MemoryArea.JOBS).put(adopted, taken, LONG));

        await().until(() -> get(memory.content(MemoryArea.JOBS).get(left)), Optional::isEmpty);
        assertThat(get(memory.content(MemoryArea.JOBS).get(adopted))).hasValue(taken);
        assertThat(jobsOfKeys()).as("a repeated request finds the adopted job").contains(adopted);
    }

    private String unansweredJob(String key) {
        Set<String> before = jobsOfKeys();
        memory.unansweredJobs.set(1);
        HttpResponse<String> response = gateway.send(gateway.request("/v1/jobs")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(APPLE.encode()))
                .build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(503);
        return jobsOfKeys().stream()
                .filter(job -> !before.contains(job))
                .findFirst()
                .orElseThrow();
    }

    private Set<String> jobsOfKeys() {
        MemoryMap keys = memory.content(MemoryArea.KEYS);
        return get(keys.keys()).stream()
                .map(key -> get(keys.get(key)).orElseThrow())
                .map(LedgerTest::job)
                .collect(Collectors.toSet());
    }

    private static String job(byte[] key) {
        try {
            return KeyRecord.parseFrom(key).getJobId();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoLostAllOthersFromSightTakesInNothingThatOnlyItWouldRemember() {
        gateway.stage.script(Sitting::start);
        memory.isAlone = false;
        String known = submit();
        memory.isAlone = true;

        HttpResponse<String> response = post(APPLE);

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).contains("ledger_unavailable", "cut off");
        assertThat(gateway.fetch("/v1/jobs/" + known).statusCode()).isEqualTo(200);
        assertThat(gateway.fetch("/v1/jobs/" + JobId.at(0, new Random())).statusCode())
                .as("what is not known here may be known elsewhere")
                .isEqualTo(503);

        memory.isAlone = false;
        assertThat(post(APPLE).statusCode()).isEqualTo(202);
    }

    @Test
    void whatIsToldIsSoonWritten() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(1);
        });
        String job = submit();

        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasProgress));

        gateway.stage.sittings().get(0).paint();
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasCompleted));
    }

    @Test
    void aSilentLedgerDoesNotKeepAPictureFromItsClient() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        CompletableFuture<HttpResponse<String>> events = events(job);
        memory.mood = Mood.SILENT;

        gateway.stage.sittings().get(0).paint();

        assertThat(events.join().body()).contains("event: completed");
        assertThat(record(job, memory.map(MemoryArea.JOBS)).getEventsList()).noneMatch(JobEventRecord::hasCompleted);
        memory.mood = Mood.WELL;
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasCompleted));
    }

    @Test
    void aGatewayThatEndsWritesTheEndsThatItReportedBefore() {
        memory.isShared = true;
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        CompletableFuture<HttpResponse<String>> events = events(job);
        memory.mood = Mood.SILENT;
        gateway.stage.sittings().get(0).paint();
        assertThat(events.join().body()).contains("event: completed");
        memory.mood = Mood.WELL;

        gateway.stop();

        assertThat(record(job).getEventsList()).anyMatch(JobEventRecord::hasCompleted);
    }

    /** Both owners gave it a number. A client that knows later numbers than the first one would never receive it. */
    @Test
    void anEndThatWasReportedAndNotRecordedIsReportedAgainByTheNextOwner() throws Exception {
        MemoryMap records = memory.content(MemoryArea.JOBS);
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        CompletableFuture<HttpResponse<String>> events = events(job);
        memory.mood = Mood.SILENT;
        gateway.stage.sittings().get(0).paint();
        assertThat(events.join().body()).contains("event: completed");
        gateway.stage.script(Sitting::paint);
        byte[] taken = JobRecord.parseFrom(get(records.get(job)).orElseThrow()).toBuilder()
                .setOwner("gone.1")
                .setEpoch(1)
                .build()
                .toByteArray();
        get(records.put(job, taken, Duration.ofMinutes(1)));

        memory.mood = Mood.WELL;

        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasCompleted));
        String afterThoseOfTheOtherOwner = String.valueOf((1L << 24) + 1000);
        HttpResponse<String> again = gateway.send(gateway.request("/v1/jobs/" + job + "/events")
                .header("Last-Event-ID", afterThoseOfTheOtherOwner)
                .build());
        assertThat(again.body()).contains("event: completed");
    }

    @Test
    void whatAMinorityMayNotWriteItDoesNotTell() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        memory.mood = Mood.REFUSING;
        gateway.stage.sittings().get(0).paint();
        await().until(() -> gateway.ask(jobs -> jobs.samplesInFlight()) == 0);
        await().during(Duration.ofMillis(700)).until(() -> status(job).equals("generating"));

        memory.mood = Mood.WELL;

        await().until(() -> status(job).equals("completed"));
    }

    @Test
    void aJobThatAnotherGatewayTookIsLetGo() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        JobRecord taken =
                record(job).toBuilder().setOwner("gateway-z.1").setEpoch(1).build();
        get(memory.map(MemoryArea.JOBS).put(job, taken.toByteArray(), Duration.ofMinutes(1)));

        gateway.stage.sittings().get(0).paint();

        await().until(() -> gateway.isIdle());
        assertThat(gateway.cancels).as("the new owner's work goes on").isEmpty();
        assertThat(record(job).getEpoch()).isGreaterThanOrEqualTo(1);
    }

    @Test
    void noRequestForAJobWaitsWithoutABoundForALedgerThatNeverAnswers() {
        memory.isAlone = false;
        memory.mood = Mood.MUTE;

        HttpResponse<String> response = gateway.fetch("/v1/jobs/" + JobId.at(0, new Random()) + "/images/0");

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
    }

    @Test
    void aCommandWithAKeyIsToldTooWhereTheLedgerDoesNotAnswer() {
        memory.mood = Mood.SILENT;
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("one", new JsonObject().put("idempotency_key", "key"));

            JsonObject error = socket.awaitType("error").getJsonObject("error");
            assertThat(error.getString("type")).isEqualTo("service_unavailable_error");
        }
        assertThat(gateway.isIdle()).isTrue();
    }

    @Test
    void theLedgerIsNotAskedForNamesThatAreNoJobs() {
        memory.mood = Mood.SILENT;

        for (String name : List.of("%00", "none", "0197f000-0000-4000-8000-000000000000")) {
            assertThat(gateway.fetch("/v1/jobs/" + name).statusCode()).as(name).isEqualTo(404);
        }
    }

    /** A database cannot store every character. */
    @Test
    void aKeyWithControlCharactersIsRefused() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("one", new JsonObject().put("idempotency_key", "a\u0000"));

            assertThat(socket.awaitType("error").getJsonObject("error").getString("param"))
                    .isEqualTo("idempotency_key");
        }
        HttpResponse<String> response = gateway.send(gateway.request("/v1/jobs")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", "a\tb")
                .POST(BodyPublishers.ofString(APPLE.encode()))
                .build());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("control characters");
        assertThat(gateway.isIdle()).isTrue();
    }

    @Test
    void aRecordLiesWithAnotherNodeThanItsJob() {
        gateway.stage.script(Sitting::start);

        assertThat(memory.map(MemoryArea.JOBS).holder(submit())).isNotEmpty();
    }

    @Test
    void whereOneNodesPartOfTheLedgerIsSilentAJobIsRecordedElsewhere() {
        gateway.stage.script(Sitting::start);
        memory.mood = Mood.ELSEWHERE_SILENT;

        assertThat(memory.map(MemoryArea.JOBS).holder(submit())).isEmpty();
    }

    @Test
    void afterAStormAndSomeTimeTheMemoryIsEmptyAgain() {
        gateway.close();
        Vertx fresh = Vertx.vertx();
        MoodyMemory shared = new MoodyMemory(fresh);
        gateway = new TestGateway(SHORT, fresh, shared);
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.checkpoint(ResumingTest.snapshot(1, 2));
            sitting.finish();
        });
        List<CompletableFuture<HttpResponse<String>>> storm = new ArrayList<>();
        for (int i = 0; i < STORM; i++) {
            storm.add(gateway.http()
                    .sendAsync(
                            gateway.request("/v1/jobs")
                                    .header("Content-Type", "application/json")
                                    .header("Idempotency-Key", "storm-" + i)
                                    .POST(BodyPublishers.ofString(APPLE.encode()))
                                    .build(),
                            BodyHandlers.ofString()));
            if (i % 100 == 99) {
                storm.forEach(CompletableFuture::join);
            }
        }
        assertThat(storm)
                .allSatisfy(response -> assertThat(response.join().statusCode()).isEqualTo(202));
        String last = new JsonObject(storm.get(STORM - 1).join().body()).getString("id");

        await().until(() -> gateway.kept() == 0);
        await().until(() -> get(shared.map(MemoryArea.JOBS).keys()).isEmpty());
        await().until(() -> get(shared.map(MemoryArea.CHECKPOINTS).keys()).isEmpty());
        assertThat(gateway.fetch("/v1/jobs/" + last).statusCode()).isEqualTo(410);
    }

    private String submit() {
        HttpResponse<String> response = post(APPLE);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return new JsonObject(response.body()).getString("id");
    }

    private HttpResponse<String> post(JsonObject body) {
        return gateway.send(gateway.post("/v1/jobs", body.encode()));
    }

    private String status(String job) {
        return new JsonObject(gateway.fetch("/v1/jobs/" + job).body()).getString("status");
    }

    private CompletableFuture<HttpResponse<String>> events(String job) {
        CompletableFuture<HttpResponse<String>> events = gateway.http()
                .sendAsync(gateway.request("/v1/jobs/" + job + "/events").build(), BodyHandlers.ofString());
        await().until(() -> gateway.ask(jobs -> gateway.watchers(job)) == 1);
        return events;
    }

    private JobRecord record(String job) {
        return record(job, memory.map(MemoryArea.JOBS));
    }

    private JobRecord record(String job, MemoryMap jobs) {
        Mood mood = memory.mood;
        memory.mood = Mood.WELL;
        try {
            return JobRecord.parseFrom(get(jobs.get(job)).orElseThrow());
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        } finally {
            memory.mood = mood;
        }
    }
}
