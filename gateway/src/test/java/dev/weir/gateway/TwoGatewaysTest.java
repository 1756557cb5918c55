package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** One cluster, two doors. */
@Execution(ExecutionMode.CONCURRENT)
final class TwoGatewaysTest {

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "a red apple").put("seed", 5);

    private final TestGateway owner = new TestGateway();
    private final TestGateway other = owner.beside(TestGateway.CONFIG);

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void anyGatewayAnswersForAnyJob() throws Exception {
        owner.stage.script(Sitting::start);
        String path = submit(owner);
        await().until(() -> owner.stage.sittings().size() == 1);

        assertThat(status(other, path).getString("status")).isIn("queued", "generating");
        assertThat(other.fetch(path + "/images/0").body()).contains("not_ready");
        CompletableFuture<HttpResponse<String>> events =
                other.http().sendAsync(other.request(path + "/events").build(), BodyHandlers.ofString());
        await().until(() -> watchers(other, path) == 1);
        owner.stage.sittings().get(0).paint();

        String told = events.join().body();
        assertThat(told).contains("event: progress").contains("event: completed");
        assertThat(eventIds(told))
                .isEqualTo(eventIds(owner.fetch(path + "/events").body()));
        assertThat(status(other, path).getString("status")).isEqualTo("completed");
        assertThat(picture(other, path)).isEqualTo(TestStage.IMAGE);
        assertThat(status(other, path).getJsonArray("images"))
                .isEqualTo(status(owner, path).getJsonArray("images"));
    }

    @Test
    void framesAreSeenAtTheOtherGatewayToo() {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("preview", new JsonObject().put("every_steps", 1)));
        CompletableFuture<HttpResponse<String>> events =
                other.http().sendAsync(other.request(path + "/events").build(), BodyHandlers.ofString());
        await().until(() -> owner.stage.sittings().size() == 1 && watchers(other, path) == 1);

        owner.stage.sittings().get(0).paint();

        assertThat(events.join().body()).contains("event: preview").contains("b64_json");
    }

    @Test
    void aJobIsCancelledFromTheOtherGateway() {
        owner.stage.script(Sitting::start);
        String path = submit(owner);
        await().until(() -> owner.stage.sittings().size() == 1);

        assertThat(delete(other, path)).isTrue();
        await().until(() -> status(other, path).getString("status").equals("cancelled"));
        assertThat(delete(other, path)).isFalse();

        assertThat(status(owner, path).getString("status")).isEqualTo("cancelled");
        assertThat(owner.isIdle()).isTrue();
    }

    @Test
    void onePictureIsCancelledFromTheOtherGatewayAndStaysSoWhenItsOwnerIsLost() {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("n", 2));
        await().until(() -> owner.stage.sittings().size() == 2);

        assertThat(delete(other, path + "/images/1")).isTrue();
        await().until(() -> state(owner, path, 1).equals("cancelled"));
        await().until(() -> state(other, path, 1).equals("cancelled"));
        assertThat(state(owner, path, 0)).isEqualTo("started");
        owner.stop();

        await().until(() -> owner.stage.sittings().size() == 3);
        Sitting again = owner.stage.sittings().get(2);
        assertThat(again.task.getRef().getSample()).isZero();
        again.paint();
        await().until(() -> state(other, path, 0).equals("completed"));
        assertThat(state(other, path, 1)).isEqualTo("cancelled");
        assertThat(owner.stage.sittings()).hasSize(3);
    }

    @Test
    void aJobThatEndsWithItsClientEndsWhereverTheClientIsConnected() throws Exception {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("on_disconnect", "cancel"));
        await().until(() -> owner.stage.sittings().size() == 1);
        TestSocket client = attached(other, path);
        TestSocket second = attached(owner, path);

        client.close();
        await().until(() -> watchers(other, path) == 0);
        assertThat(status(owner, path).getString("status")).isEqualTo("generating");

        second.close();
        await().until(() -> status(owner, path).getString("status").equals("cancelled"));
        assertThat(owner.isIdle()).isTrue();
    }

    @Test
    void aJobThatEndsWithItsClientEndsWhenTheOnlyOneLeavesTheOtherGateway() throws Exception {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("on_disconnect", "cancel"));
        await().until(() -> owner.stage.sittings().size() == 1);

        attached(other, path).close();

        await().until(() -> status(owner, path).getString("status").equals("cancelled"));
    }

    /** Whether it leaves before, while or after the other gateway takes the job over. */
    @Test
    void aJobThatEndsWithItsClientEndsAlsoIfItsGatewayIsLostMeanwhile() throws Exception {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("on_disconnect", "cancel"));
        await().until(() -> owner.stage.sittings().size() == 1);
        TestSocket client = attached(other, path);

        CompletableFuture<Void> lost = CompletableFuture.runAsync(owner::stop);
        client.close();
        lost.join();

        await().until(() -> status(other, path).getString("status").equals("cancelled"));
    }

    private static TestSocket attached(TestGateway at, String path) throws Exception {
        TestSocket socket = new TestSocket(at.vertx, at.port());
        socket.send(new JsonObject().put("type", "attach").put("job", path.substring("/v1/jobs/".length())));
        socket.awaitType("attached");
        await().until(() -> watchers(at, path) > 0);
        return socket;
    }

    @Test
    void aGatewayThatEndsLeavesItsJobsToTheOther() throws Exception {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("n", 2));
        await().until(() -> owner.stage.sittings().size() == 2);
        owner.stage.sittings().get(0).step(1);
        owner.stage.sittings().get(1).paint();
        await().until(() -> state(owner, path, 1).equals("completed"));
        List<String> before = eventIds(events(owner, path, "0", 10));

        owner.stop();

        // The finished picture first, since it was told of, and then the one that was being made.
        await().until(() -> owner.stage.sittings().size() == 3);
        owner.stage.sittings().get(2).paint();
        await().until(() -> owner.stage.sittings().size() == 4);
        owner.stage.sittings().get(3).paint();
        await().until(() -> status(other, path).getString("status").equals("completed"));
        String after = other.send(other.request(path + "/events")
                        .header("Last-Event-ID", before.get(before.size() - 1))
                        .build())
                .body();
        assertThat(after).contains("event: resumed");
        assertThat(after.split("event: completed", -1)).hasSize(2);
        assertThat(eventIds(other.fetch(path + "/events").body())).containsAll(before);
        assertThat(picture(other, path)).isEqualTo(TestStage.IMAGE);
    }

    @Test
    void aPictureThatWasAnnouncedAndCannotBeMadeAgainIsSaidToBeLost() {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("n", 2));
        await().until(() -> owner.stage.sittings().size() == 2);
        owner.stage.sittings().get(1).paint();
        await().until(() -> state(owner, path, 1).equals("completed"));

        owner.stop();
        await().until(() -> owner.stage.sittings().size() == 3);
        assertThat(other.fetch(path + "/images/1").body()).contains("not_ready");
        owner.stage.sittings().get(2).fail("out_of_memory", false);

        await().until(() -> state(other, path, 1).equals("failed"));
        assertThat(state(other, path, 0)).isNotEqualTo("failed");
        assertThat(other.fetch(path + "/images/1").body()).contains("no_image");
    }

    @Test
    void aJobThatLostTwoNodesAndThenItsGatewayIsFailedByTheThirdNode() {
        owner.stage.script(sitting -> {
            sitting.isAt("node-" + owner.stage.sittings().size());
            sitting.start();
        });
        String path = submit(owner);
        await().until(() -> owner.stage.sittings().size() == 3);

        owner.stop();
        await().until(() -> owner.stage.sittings().size() == 4);
        await().until(() -> status(other, path).getString("status").equals("failed"));

        assertThat(owner.stage.sittings()).hasSize(4);
        assertThat(other.fetch(path + "/events").body()).contains("3 times", "node-1, node-2, node-4");
    }

    @Test
    void theTraceOfAJobGoesOnAtItsNextOwner() {
        owner.stage.script(Sitting::start);
        location(owner.send(owner.request("/v1/jobs")
                .header("Content-Type", "application/json")
                .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .POST(BodyPublishers.ofString(APPLE.encode()))
                .build()));
        await().until(() -> owner.stage.sittings().size() == 1);

        owner.stop();

        await().until(() -> owner.stage.sittings().size() == 2);
        assertThat(owner.stage.sittings()).allSatisfy(sitting -> assertThat(sitting.task.getTraceparent())
                .contains("0af7651916cd43dd8448eb211c80319c"));
    }

    @Test
    void aSocketAttachesToAJobOfTheOtherGateway() {
        owner.stage.script(Sitting::start);
        String path = submit(owner, APPLE.copy().put("n", 2));
        await().until(() -> owner.stage.sittings().size() == 2);
        owner.stage.sittings().get(0).paint();
        await().until(() -> state(owner, path, 0).equals("completed"));

        try (TestSocket socket = new TestSocket(other.vertx, other.port())) {
            socket.send(new JsonObject()
                    .put("type", "attach")
                    .put("id", "mine")
                    .put("job", path.substring("/v1/jobs/".length())));
            socket.awaitType("completed");
            owner.stage.sittings().get(1).paint();
            await().until(() -> socket.events("completed").size() == 2);

            assertThat(socket.events("attached")).hasSize(1);
            assertThat(socket.frames).hasSize(2).allSatisfy(frame -> assertThat(frame.image())
                    .isEqualTo(TestStage.IMAGE));
            assertThat(socket.events)
                    .allSatisfy(event -> assertThat(event.getString("id")).isEqualTo("mine"));
        }
    }

    @Test
    void aRequestWithTheSameKeyIsTheSameJobAtEitherGateway() {
        owner.stage.script(Sitting::start);
        String first = location(post(owner, "/v1/jobs", APPLE, "key-1"));
        String again = location(post(owner, "/v1/jobs", APPLE, "key-1"));
        String elsewhere = location(post(other, "/v1/jobs", APPLE, "key-1"));
        String another = location(post(other, "/v1/jobs", APPLE, "key-2"));

        assertThat(again).isEqualTo(first);
        assertThat(elsewhere).isEqualTo(first);
        assertThat(another).isNotEqualTo(first);
        HttpResponse<String> refused = post(other, "/v1/jobs", APPLE.copy().put("seed", 6), "key-1");
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("idempotency_key_reused");
        await().until(() -> owner.stage.sittings().size() == 2);
    }

    @Test
    void aCommandThatIsSentAgainWithItsKeyIsTheSameJobOnAnySocket() {
        owner.stage.script(Sitting::start);
        JsonObject command = APPLE.copy().put("idempotency_key", "key").put("preview", new JsonObject());
        try (TestSocket first = new TestSocket(owner.vertx, owner.port())) {
            first.generate("mine", command);
            first.awaitType("started");
        }
        try (TestSocket second = new TestSocket(other.vertx, other.port())) {
            second.generate("mine", command);
            second.awaitType("started");
            owner.stage.sittings().get(0).paint();
            second.awaitType("completed");

            assertThat(second.frames).singleElement().satisfies(frame -> assertThat(frame.image())
                    .isEqualTo(TestStage.IMAGE));
            assertThat(second.events)
                    .allSatisfy(event -> assertThat(event.getString("id")).isEqualTo("mine"))
                    .extracting(event -> event.getString("job"))
                    .containsOnly(second.awaitType("attached").getString("job"));
            second.generate("mine", command.copy().put("seed", 6));
            assertThat(second.awaitType("error").getJsonObject("error").getString("code"))
                    .isEqualTo("idempotency_key_reused");
        }
        assertThat(owner.stage.sittings()).hasSize(1);
    }

    @Test
    void aPictureThatIsAskedForAgainWithItsKeyIsMadeOnce() {
        HttpResponse<String> first = post(owner, "/v1/images/generations", APPLE, "key");
        HttpResponse<String> again = post(other, "/v1/images/generations", APPLE, "key");

        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(new JsonObject(again.body()).getJsonArray("data"))
                .isEqualTo(new JsonObject(first.body()).getJsonArray("data"));
        assertThat(owner.stage.sittings()).hasSize(1);
    }

    @Test
    void aKeyMustSaySomething() {
        assertThat(post(owner, "/v1/jobs", APPLE, "x".repeat(256)).body()).contains("Idempotency-Key");
    }

    private static HttpResponse<String> post(TestGateway at, String path, JsonObject body, String key) {
        return at.send(at.request(path)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(body.encode()))
                .build());
    }

    private static String submit(TestGateway at) {
        return submit(at, APPLE);
    }

    private static String submit(TestGateway at, JsonObject body) {
        return location(at.send(at.post("/v1/jobs", body.encode())));
    }

    private static String location(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return response.headers().firstValue("Location").orElseThrow();
    }

    private static JsonObject status(TestGateway at, String path) {
        return new JsonObject(at.fetch(path).body());
    }

    private static String state(TestGateway at, String path, int sample) {
        return status(at, path).getJsonArray("images").getJsonObject(sample).getString("state");
    }

    private static boolean delete(TestGateway at, String path) {
        return new JsonObject(at.send(at.request(path).DELETE().build()).body()).getBoolean("cancelled");
    }

    private static byte[] picture(TestGateway at, String path) throws Exception {
        return at.http()
                .send(at.request(path + "/images/0").build(), BodyHandlers.ofByteArray())
                .body();
    }

    private static int watchers(TestGateway at, String path) {
        return at.ask(jobs -> at.watchers(path.substring("/v1/jobs/".length())));
    }

    /** The first so many events, of a stream that goes on. */
    private static String events(TestGateway at, String path, String after, int count) throws Exception {
        StringBuilder told = new StringBuilder();
        var response = at.http()
                .send(
                        at.request(path + "/events")
                                .header("Last-Event-ID", after)
                                .build(),
                        BodyHandlers.ofLines());
        try (var lines = response.body()) {
            var all = lines.iterator();
            while (count > 0 && all.hasNext()) {
                String line = all.next();
                told.append(line).append('\n');
                count -= line.startsWith("id: ") ? 1 : 0;
            }
        }
        return told.toString();
    }

    private static List<String> eventIds(String body) {
        return body.lines()
                .filter(line -> line.startsWith("id: "))
                .map(line -> line.substring(4))
                .toList();
    }
}
