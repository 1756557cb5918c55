package dev.weir.gateway;

import static dev.weir.gateway.TestGateway.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.MoodyMemory.Mood;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.gateway.job.JobId;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import dev.weir.runtime.stage.Attempt;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is written of jobs, when, and what happens while it cannot be. */
final class LedgerTest {

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "a red apple").put("seed", 5);
    private static final Duration RESULT = Duration.ofSeconds(2);
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
    void anOwnerThatIsSupersededTriesAgainOnceTheLedgerHasGrantedALaterEpoch() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        memory.mood = Mood.SILENT;

        gateway.stage.sittings().get(0).supersede(4, 12);

        await().during(Duration.ofMillis(1500))
                .until(() -> gateway.stage.sittings().size() == 1);
        memory.mood = Mood.WELL;
        await().until(() -> gateway.stage.sittings().size() == 2);
        assertThat(attempt(job)).isEqualTo(new Attempt(5, 2));
        assertThat(record(job).getEpoch()).isEqualTo(5);
        gateway.stage.sittings().get(1).paint();
        await().until(() -> status(job).equals("completed"));
    }

    @Test
    void anOwnerThatIsSupersededAndOwnsTheJobNoMoreLetsItGoAndCancelsOnlyItsOwnAttempts() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        JobRecord taken =
                record(job).toBuilder().setOwner("gateway-z.1").setEpoch(1).build();
        get(memory.map(MemoryArea.JOBS).put(job, taken.toByteArray(), Duration.ofMinutes(1)));

        gateway.stage.sittings().get(0).supersede(1, 1);

        await().until(() -> gateway.isIdle());
        await().until(() -> gateway.cancellations.size() == 1);
        Cancel cancel = gateway.cancellations.get(0);
        assertThat(cancel.getJobId()).isEqualTo(job);
        assertThat(new Attempt(cancel.getEpoch(), cancel.getAttempt())).isEqualTo(new Attempt(0, 1));
        assertThat(cancel.getOwner()).isEqualTo("weir.gateway.gateway-a");
        assertThat(gateway.stage.sittings()).hasSize(1);
        assertThat(record(job)).isEqualTo(taken);
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
    void anOrphanInTheLedgerIsAdoptedAndGoesOn() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasStarted));
        JobRecord left = record(job);
        gateway.stop();
        leaveToNobody(left);

        gateway.stage.script(Sitting::paint);
        TestGateway next = gateway.another(TestGateway.CONFIG);

        await().atMost(Duration.ofSeconds(30))
                .until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status", ""),
                        "completed"::equals);
        assertThat(record(job).getEpoch()).isEqualTo(1);
        assertThat(gateway.stage.sittings().get(1).task.getRef().getAttempt()).isGreaterThan(1);
    }

    @Test
    void theOnlyGatewayLeavesItsJobsToTheNextWhereOtherNodesHoldTheLedger() {
        memory.isShared = true;
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        gateway.stop();

        gateway.stage.script(Sitting::paint);
        TestGateway next = gateway.another(TestGateway.CONFIG);

        await().atMost(Duration.ofSeconds(30))
                .until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status", ""),
                        "completed"::equals);
    }

    @Test
    void anOwnerBeginsPastTheAttemptsThatTheOneBeforeItDidNotWrite() {
        gateway.stage.script(Sitting::start);
        String first = orphan(0);
        String second = orphan(1);

        await().atMost(Duration.ofSeconds(30))
                .until(() -> attempt(first).epoch() > 0 && attempt(second).epoch() > 0);

        assertThat(attempt(first)).isGreaterThan(new Attempt(0, Integer.MAX_VALUE));
        assertThat(attempt(second)).as("with the same written").isGreaterThan(attempt(first));
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
    void orphansInTheRestOfTheLedgerAreAdoptedWhileOneNodesPartIsSilent() {
        gateway.stage.script(Sitting::start);
        memory.mood = Mood.ELSEWHERE_SILENT;
        String job = submit();
        JobRecord left = record(job);
        gateway.stop();
        leaveToNobody(left);

        gateway.another(TestGateway.CONFIG);

        await().atMost(Duration.ofSeconds(30)).until(() -> record(job).getEpoch() == 1);
    }

    @Test
    void aGatewayThatAdoptsAJobDoesSoOnceHoweverManyAskForItMeanwhile() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasStarted));
        JobRecord left = record(job);
        gateway.stop();
        leaveToNobody(left);
        TestGateway next = gateway.another(TestGateway.CONFIG);
        memory.mood = Mood.LATE;

        await().atMost(Duration.ofSeconds(30)).until(() -> {
            next.http().sendAsync(next.request("/v1/jobs/" + job).build(), BodyHandlers.discarding());
            return gateway.stage.sittings().size() == 2;
        });
        gateway.stage.sittings().get(1).paint();

        await().until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status"),
                        "completed"::equals);
        assertThat(record(job).getEpoch()).isEqualTo(1);
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    @Test
    void aJobThatIsBeingTakenInIsNotAdoptedByTheGatewayThatTakesItIn() {
        gateway.stage.script(Sitting::start);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> gateway.fetch("/v1/jobs/" + submit()).statusCode() == 200);
        String adoptable = orphan();
        await().atMost(Duration.ofSeconds(30)).until(() -> record(adoptable).getEpoch() == 1);
        memory.mood = Mood.LATE;
        CompletableFuture<HttpResponse<String>> submitted =
                gateway.http().sendAsync(gateway.post("/v1/jobs", APPLE.encode()), BodyHandlers.ofString());

        String job = await().pollInterval(Duration.ofMillis(10))
                .until(
                        () -> get(memory.map(MemoryArea.JOBS).keys()).stream()
                                .filter(id -> record(id).getOwner().startsWith("gateway-a")
                                        && gateway.ask(jobs -> gateway.watchers(id)) == 0
                                        && record(id).getEventsCount() == 0)
                                .findFirst()
                                .orElse(""),
                        id -> !id.isEmpty());
        assertThat(gateway.fetch("/v1/jobs/" + job).statusCode()).isEqualTo(200);

        assertThat(submitted.join().body()).contains(job);
        assertThat(record(job).getEpoch()).isZero();
    }

    /** A job whose owner nobody has heard of, and which its client asks for. */
    private String orphan() {
        return orphan(0);
    }

    private String orphan(int epoch) {
        String job = submit();
        JobRecord left = record(job);
        String orphan = job.substring(0, job.length() - 1) + (job.endsWith("0") ? "1" : "0");
        leaveToNobody(left.toBuilder().setId(orphan).setEpoch(epoch).build());
        gateway.http().sendAsync(gateway.request("/v1/jobs/" + orphan).build(), BodyHandlers.discarding());
        return orphan;
    }

    /** The one at the first sample of a job that a stage was offered last. */
    private Attempt attempt(String job) {
        return gateway.stage.sittings().stream()
                .map(sitting -> sitting.task.getRef())
                .filter(ref -> ref.getJobId().equals(job))
                .map(Attempt::of)
                .reduce(Attempt.NONE, (earlier, later) -> later);
    }

    /** As a job stands in the ledger whose owner is gone. */
    private void leaveToNobody(JobRecord record) {
        byte[] left = record.toBuilder().setOwner("gone.1").build().toByteArray();
        get(memory.map(MemoryArea.JOBS).put(record.getId(), left, Duration.ofMinutes(1)));
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
        for (int i = 0; i < 2000; i++) {
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
        String last = new JsonObject(storm.get(1999).join().body()).getString("id");

        await().atMost(Duration.ofSeconds(30)).until(() -> gateway.kept() == 0);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> get(shared.map(MemoryArea.JOBS).keys()).isEmpty());
        await().atMost(Duration.ofSeconds(30))
                .until(() -> get(shared.map(MemoryArea.CHECKPOINTS).keys()).isEmpty());
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
