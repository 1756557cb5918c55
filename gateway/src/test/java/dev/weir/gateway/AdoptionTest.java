package dev.weir.gateway;

import static dev.weir.gateway.TestGateway.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Results;
import dev.weir.gateway.GatewayConfig.Storage;
import dev.weir.gateway.MoodyMemory.Mood;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.stage.Attempt;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Who owns a job: one whose owner is gone continues at another gateway, once; a superseded owner asks the ledger. */
@Execution(ExecutionMode.CONCURRENT)
final class AdoptionTest {

    /** Of an epoch: those of its owner's mark. */
    private static final int MARK_BITS = 14;

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "a red apple").put("seed", 5);

    private final Vertx vertx = Vertx.vertx();
    private final MoodyMemory memory = new MoodyMemory(vertx);
    private final TestGateway gateway = new TestGateway(TestGateway.CONFIG, vertx, memory);

    @AfterEach
    void close() {
        gateway.close();
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

        await().until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status", ""),
                        "completed"::equals);
        assertThat(grants(record(job).getEpoch())).isEqualTo(1);
        assertThat(gateway.stage.sittings().get(1).task.getRef().getAttempt()).isGreaterThan(1);
    }

    @Test
    void imagesOfAnOrphanAreReadAgainWhereTheMemoryDoesNotAnswerAtOnce() {
        String job = orphanWithMask();
        memory.unreadImages.set(2);

        TestGateway next = gateway.another(TestGateway.CONFIG);

        await().until(() -> {
            next.fetch("/v1/jobs/" + job);
            return gateway.stage.sittings().size() == 2;
        });
        assertThat(gateway.stage.sittings().get(1).tensors)
                .extracting(Tensor::name)
                .containsExactly("input/init_image", "input/mask");
        assertThat(grants(attempt(job).epoch())).isEqualTo(1);
    }

    /** Without its mask the whole image would be painted. */
    @Test
    void anOrphanFailsWhereAnImageThatItNeedsIsLost() {
        String job = orphanWithMask();
        get(memory.map(MemoryArea.ATTACHMENTS).remove("mask@" + job));

        TestGateway next = gateway.another(TestGateway.CONFIG);

        await().until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status", ""),
                        "failed"::equals);
        assertThat(next.fetch("/v1/jobs/" + job).body()).contains("image_lost");
        assertThat(gateway.stage.sittings()).hasSize(1);
    }

    /** A job that was to paint a part of an image, and whose owner is gone. */
    private String orphanWithMask() {
        gateway.stage.script(Sitting::start);
        JsonObject painting =
                APPLE.copy().put("init_image", AttachmentsTest.photo()).put("mask", AttachmentsTest.photo());
        String job = submit(painting);
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasStarted));
        memory.isShared = true;
        gateway.stop();
        return job;
    }

    /** What a gateway holds, it shows. A job without its images would look like one that waits. */
    @Test
    void aFinishedJobIsHeldOnceItsImageIsRead(@TempDir Path results) throws Exception {
        gateway.stage.script(Sitting::paint);
        String job = submit();
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasCompleted));
        JobRecord left = record(job);
        gateway.stop();
        leaveToNobody(left);
        // It is read as slowly as it is written.
        Path image = Files.createDirectory(results.resolve(job)).resolve("0.png");
        assertThat(new ProcessBuilder("mkfifo", image.toString()).start().waitFor())
                .isZero();
        Storage storage = new Storage(Optional.empty(), Optional.of(new Results.Folder(results)));

        TestGateway next = gateway.another(TestGateway.CONFIG.with(storage));
        CompletableFuture<FileOutputStream> reading = CompletableFuture.supplyAsync(() -> open(image));
        await().until(() -> {
            next.http().sendAsync(next.request("/v1/jobs/" + job).build(), BodyHandlers.discarding());
            return reading.isDone();
        });
        try (OutputStream write = reading.join()) {
            assertThat(next.kept()).isZero();
            write.write(TestStage.IMAGE);
        }

        await().until(() -> next.kept() == 1);
        assertThat(next.fetch("/v1/jobs/" + job).body()).contains("\"completed\"");
        assertThat(next.fetch("/v1/jobs/" + job + "/images/0").body())
                .isEqualTo(new String(TestStage.IMAGE, StandardCharsets.UTF_8));
    }

    /** Waits for whoever reads it. */
    private static FileOutputStream open(Path pipe) {
        try {
            return new FileOutputStream(pipe.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anImageThatWasDeletedIsNotMadeAgain() {
        gateway.stage.script(Sitting::paint);
        String job = new JsonObject(gateway.send(gateway.post(
                                "/v1/jobs", APPLE.copy().put("n", 2).encode()))
                        .body())
                .getString("id");
        String deleted = "/v1/jobs/" + job + "/images/0";
        await().until(() -> gateway.fetch("/v1/jobs/" + job).body().contains("\"status\":\"completed\""));
        gateway.send(gateway.request(deleted + "?forget=true").DELETE().build());
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasDeleted));
        JobRecord left = record(job);
        gateway.stop();
        leaveToNobody(left);
        gateway.stage.sittings().clear();

        TestGateway next = gateway.another(TestGateway.CONFIG);
        await().until(() -> next.fetch("/v1/jobs/" + job + "/images/1").statusCode() == 200);

        assertThat(next.fetch(deleted).statusCode()).isEqualTo(404);
        assertThat(next.fetch("/v1/jobs/" + job).body()).contains("\"state\":\"deleted\"");
        assertThat(gateway.stage.sittings())
                .allMatch(sitting -> sitting.task.getRef().getSample() == 1);
    }

    @Test
    void deletionsOfOneJobAreRecordedWhenTheyAreAnswered() {
        gateway.stage.script(Sitting::paint);
        String job = new JsonObject(gateway.send(gateway.post(
                                "/v1/jobs", APPLE.copy().put("n", 3).encode()))
                        .body())
                .getString("id");
        await().until(() -> gateway.fetch("/v1/jobs/" + job).body().contains("\"status\":\"completed\""));
        memory.mood = Mood.SILENT;
        assertThat(deletion(job, 0).join().statusCode()).isEqualTo(503);
        memory.mood = Mood.WELL;

        List<CompletableFuture<HttpResponse<String>>> answers = List.of(deletion(job, 0), deletion(job, 1));

        assertThat(answers).extracting(answer -> answer.join().body()).allMatch(told -> told.contains("true"));
        assertThat(record(job).getEventsList().stream().filter(JobEventRecord::hasDeleted))
                .extracting(JobEventRecord::getSample)
                .containsExactlyInAnyOrder(0, 1);
    }

    private CompletableFuture<HttpResponse<String>> deletion(String job, int sample) {
        String path = "/v1/jobs/%s/images/%d?forget=true".formatted(job, sample);
        return gateway.http().sendAsync(gateway.request(path).DELETE().build(), BodyHandlers.ofString());
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

        await().until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status", ""),
                        "completed"::equals);
    }

    @Test
    void anOwnerBeginsPastTheAttemptsThatTheOneBeforeItDidNotWrite() {
        gateway.stage.script(Sitting::start);
        String first = orphan(0);
        String second = orphan(1L << MARK_BITS);

        await().until(() ->
                !attempt(first).equals(Attempt.NONE) && !attempt(second).equals(Attempt.NONE));

        assertThat(attempt(first)).as("whatever its number").isGreaterThan(new Attempt(0, Integer.MAX_VALUE));
        assertThat(attempt(second)).as("with the same written").isGreaterThan(attempt(first));
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

        await().until(() -> grants(record(job).getEpoch()) == 1);
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

        await().until(() -> {
            next.http().sendAsync(next.request("/v1/jobs/" + job).build(), BodyHandlers.discarding());
            return gateway.stage.sittings().size() == 2;
        });
        gateway.stage.sittings().get(1).paint();

        await().until(
                        () -> new JsonObject(next.fetch("/v1/jobs/" + job).body()).getString("status"),
                        "completed"::equals);
        assertThat(grants(record(job).getEpoch())).isEqualTo(1);
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    @Test
    void aJobThatIsBeingTakenInIsNotAdoptedByTheGatewayThatTakesItIn() {
        gateway.stage.script(Sitting::start);
        await().until(() -> gateway.fetch("/v1/jobs/" + submit()).statusCode() == 200);
        String adoptable = orphan(0);
        await().until(() -> grants(record(adoptable).getEpoch()) == 1);
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

    @Test
    void anOwnerThatIsSupersededTriesAgainOnceTheLedgerHasGrantedALaterEpoch() {
        gateway.stage.script(Sitting::start);
        String job = submit();
        await().until(() -> gateway.stage.sittings().size() == 1);
        memory.mood = Mood.SILENT;

        gateway.stage.sittings().get(0).supersede(4L << MARK_BITS, 12);

        await().during(Duration.ofMillis(1500))
                .until(() -> gateway.stage.sittings().size() == 1);
        memory.mood = Mood.WELL;
        await().until(() -> gateway.stage.sittings().size() == 2);
        assertThat(attempt(job)).isEqualTo(new Attempt(record(job).getEpoch(), 2));
        assertThat(grants(record(job).getEpoch())).isEqualTo(5);
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

    /** How often the ledger has granted a later epoch. */
    private static long grants(long epoch) {
        return epoch >> MARK_BITS;
    }

    /** A job whose owner nobody has heard of, and which its client asks for. */
    private String orphan(long epoch) {
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

    private String submit() {
        return submit(APPLE);
    }

    private String submit(JsonObject request) {
        HttpResponse<String> response = gateway.send(gateway.post("/v1/jobs", request.encode()));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return new JsonObject(response.body()).getString("id");
    }

    private String status(String job) {
        return new JsonObject(gateway.fetch("/v1/jobs/" + job).body()).getString("status");
    }

    private JobRecord record(String job) {
        Mood mood = memory.mood;
        memory.mood = Mood.WELL;
        try {
            return JobRecord.parseFrom(get(memory.map(MemoryArea.JOBS).get(job)).orElseThrow());
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        } finally {
            memory.mood = mood;
        }
    }
}
