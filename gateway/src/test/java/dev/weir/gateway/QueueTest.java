package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.proto.v1.ModelLoading;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Started;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What those who wait are told. */
@Execution(ExecutionMode.CONCURRENT)
final class QueueTest {

    private static final int JOBS = 40;
    /** Too many to look at all for each one that comes. */
    private static final int MANY = 200;

    /** Eight guided samples share a forward. */
    private static final double FORWARD_SECONDS = 3;

    private final TestGateway gateway = new TestGateway();

    @BeforeEach
    void measured() {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .putPace(
                        "tiny",
                        ForwardPace.newBuilder()
                                .setRows(16)
                                .setSeconds(FORWARD_SECONDS)
                                .setLoneSeconds(1)
                                .build())
                .build());
        gateway.stage.script(
                sitting -> sitting.tell(StageKind.TEXT_ENCODER, e -> e.setStarted(Started.getDefaultInstance())));
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void fortyJobsAtOnceAreToldRisingPositionsAndWaits() {
        List<JsonObject> jobs = submit(JOBS);

        double before = 0;
        for (int i = 0; i < JOBS; i++) {
            assertThat(jobs.get(i).getInteger("queue_position")).isEqualTo(i);
            assertThat(jobs.get(i).getDouble("eta_seconds")).isGreaterThanOrEqualTo(before);
            before = jobs.get(i).getDouble("eta_seconds");
        }
        // Five full batches of four steps each; a little for the stages before and behind.
        assertThat(before).isBetween(5 * 4 * FORWARD_SECONDS, 5 * 4 * FORWARD_SECONDS + 10);
        assertThat(jobs.get(0).getDouble("eta_seconds")).isLessThan(4 * FORWARD_SECONDS + 1);
    }

    @Test
    void aJobThatComesWhileManyAreInFlightIsToldItsPlaceALittleLater() {
        List<JsonObject> jobs = submit(MANY);
        JsonObject last = jobs.get(MANY - 1);

        assertThat(last.containsKey("queue_position")).isFalse();
        await().until(() -> status(last).containsKey("queue_position"));
        assertThat(status(last).getInteger("queue_position")).isEqualTo(MANY - 1);
        assertThat(status(last).getDouble("eta_seconds")).isGreaterThan(MANY / 8 * 4 * FORWARD_SECONDS);
    }

    @Test
    void aJobWhoseTextIsEncodedIsQueuedUntilTheDenoiserBegins() {
        List<JsonObject> jobs = submit(3);
        await().until(() -> gateway.stage.sittings().size() == 3);
        JsonObject encoded = status(jobs.get(1));

        assertThat(encoded.getString("status")).isEqualTo("queued");
        assertThat(encoded.getInteger("queue_position")).isEqualTo(1);

        sitting(jobs.get(1)).start();

        await().until(() -> status(jobs.get(1)).getString("status").equals("generating"));
        assertThat(status(jobs.get(0)).getString("status")).isEqualTo("queued");
        assertThat(status(jobs.get(1)).containsKey("queue_position")).isFalse();
    }

    @Test
    void positionsFallAndAreToldAsTheWorkGoesOn() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            for (int i = 0; i < 6; i++) {
                socket.generate("job-" + i, new JsonObject());
            }
            await().until(() -> gateway.stage.sittings().size() == 6);
            for (int begun = 1; begun <= 3; begun++) {
                sittings().get(begun - 1).start();
                int left = 5 - begun;
                socket.awaitEvent(event -> "queued".equals(event.getString("type"))
                        && "job-5".equals(event.getString("id"))
                        && event.getInteger("position") == left);
            }
            sittings().get(5).paint();
            socket.awaitType("completed");

            List<Integer> positions = socket.events("queued").stream()
                    .filter(event -> "job-5".equals(event.getString("id")))
                    .map(event -> event.getInteger("position"))
                    .toList();
            assertThat(positions)
                    .isSortedAccordingTo(Comparator.reverseOrder())
                    .startsWith(5)
                    .endsWith(2);
            assertThat(socket.events.stream()
                            .filter(event -> "job-5".equals(event.getString("id")))
                            .map(event -> event.getString("type"))
                            .dropWhile("queued"::equals))
                    .startsWith("started")
                    .doesNotContain("queued");
        }
    }

    @Test
    void thePicturesOfOneJobWaitForEachOther() {
        JsonObject job = submit(new JsonObject().put("n", 4));
        submit(new JsonObject());
        await().until(() -> gateway.stage.sittings().size() == 5);

        assertThat(status(job).getInteger("queue_position")).isZero();
        assertThat(events(job))
                .containsSubsequence("\"position\":0", "\"position\":1", "\"position\":2", "\"position\":3");
        sitting(job).start();

        await().until(() -> status(job).getString("status").equals("generating"));
    }

    @Test
    void theJobsOfOtherGatewaysAreAheadToo() {
        TestGateway other = gateway.beside(TestGateway.CONFIG);
        submit(5);
        await().until(() -> gateway.stage.sittings().size() == 5);

        await().untilAsserted(() -> {
            JsonObject job = new JsonObject(
                    other.send(other.post("/v1/jobs", "{\"prompt\":\"a\"}")).body());
            try {
                assertThat(job.getInteger("queue_position")).isEqualTo(5);
            } finally {
                other.send(other.request(job.getString("cancel_url")).DELETE().build());
            }
        });
    }

    @Test
    void onlyTheNewestPlaceInTheQueueIsKept() {
        List<JsonObject> jobs = submit(4);
        await().until(() -> gateway.stage.sittings().size() == 4);
        sitting(jobs.get(0)).start();
        await().until(() -> status(jobs.get(3)).getInteger("queue_position") == 2);
        sitting(jobs.get(1)).start();
        await().until(() -> status(jobs.get(3)).getInteger("queue_position") == 1);
        sitting(jobs.get(3)).paint();

        await().until(() -> status(jobs.get(3)).getString("status").equals("completed"));
        assertThat(events(jobs.get(3)).split("event: queued", -1)).hasSize(2);
    }

    @Test
    void aPlaceInTheQueueIsNotWrittenToTheLedger() throws InvalidProtocolBufferException {
        JsonObject waits = submit(new JsonObject());
        JsonObject begins = submit(new JsonObject());
        await().until(() -> sittings().size() == 2);
        sitting(begins).start();
        await().until(() -> record(begins).getEventsList().stream().anyMatch(JobEventRecord::hasStarted));

        // What is told of a job is written a second later, so this one's place was told early enough to be written by
        // now.
        assertThat(record(waits).getVersion()).isEqualTo(1);
        assertThat(status(waits).getInteger("queue_position")).isZero();
    }

    @Test
    void aModelThatIsLoadedForAJobIsToldUntilTheDenoiserBegins() throws InvalidProtocolBufferException {
        JsonObject job = submit(new JsonObject());
        await().until(() -> sittings().size() == 1);
        sitting(job).tell(StageKind.TEXT_ENCODER, e -> e.setLoading(ModelLoading.getDefaultInstance()));
        await().until(() -> record(job).getEventsList().stream().anyMatch(JobEventRecord::hasLoading));
        assertThat(status(job).getString("status")).isEqualTo("queued");
        assertThat(status(job).getJsonArray("images").getJsonObject(0).getString("state"))
                .isEqualTo("loading");
        sitting(job).start();
        await().until(() -> status(job).getString("status").equals("generating"));
        sitting(job).tell(StageKind.DECODER, e -> e.setLoading(ModelLoading.getDefaultInstance()));
        sitting(job).paint();
        await().until(() -> status(job).getString("status").equals("completed"));
        assertThat(events(job).split("event: loading", -1)).hasSize(2);
        assertThat(events(job)).contains("\"stage\":\"text-encoder\",\"node\":\"node-a\"");
    }

    /** Its node repeats it while the job waits. */
    @Test
    void aModelThatIsLoadedForAJobIsToldOnce() {
        JsonObject job = submit(new JsonObject());
        await().until(() -> sittings().size() == 1);
        sitting(job).tell(StageKind.TEXT_ENCODER, e -> e.setLoading(ModelLoading.getDefaultInstance()));
        sitting(job).tell(StageKind.TEXT_ENCODER, e -> e.setLoading(ModelLoading.getDefaultInstance()));
        sitting(job).start();
        sitting(job).paint();
        await().until(() -> status(job).getString("status").equals("completed"));
        assertThat(events(job).split("event: loading", -1)).hasSize(2);
    }

    private JobRecord record(JsonObject job) throws InvalidProtocolBufferException {
        MemoryMap jobs = gateway.memory.map(MemoryArea.JOBS);
        return JobRecord.parseFrom(
                TestGateway.get(jobs.get(job.getString("id"))).orElseThrow());
    }

    private List<JsonObject> submit(int count) {
        List<JsonObject> jobs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            jobs.add(submit(new JsonObject()));
        }
        return jobs;
    }

    private JsonObject submit(JsonObject fields) {
        String body = new JsonObject().put("prompt", "an apple").mergeIn(fields).encode();
        return new JsonObject(gateway.send(gateway.post("/v1/jobs", body)).body());
    }

    private JsonObject status(JsonObject job) {
        return new JsonObject(gateway.fetch(job.getString("status_url")).body());
    }

    /** What was told of a job that is over, or what a client that leaves at once has read. */
    private String events(JsonObject job) {
        return RawHttp.exchange(
                        gateway.port(),
                        RawHttp.bytes("GET " + job.getString("events_url") + " HTTP/1.0\r\nHost: localhost\r\n\r\n"),
                        text -> text.split("event: ", -1).length
                                        > job.getJsonArray("images").size()
                                && text.endsWith("\n\n"))
                .body();
    }

    private List<Sitting> sittings() {
        return gateway.stage.sittings();
    }

    private Sitting sitting(JsonObject job) {
        return sittings().stream()
                .filter(sitting -> sitting.task.getRef().getJobId().equals(job.getString("id")))
                .findFirst()
                .orElseThrow();
    }
}
