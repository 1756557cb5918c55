package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JobsApiTest {

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "a red apple").put("seed", 5);

    private TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void aJobIsAcceptedWithItsPlaceAndFollowedToItsPictures() throws Exception {
        gateway.stage.script(Sitting::start);
        HttpResponse<String> response = submit(APPLE.copy().put("n", 2));

        assertThat(response.statusCode()).isEqualTo(202);
        JsonObject job = new JsonObject(response.body());
        assertThat(job.getString("status")).isEqualTo("queued");
        assertThat(job.getInteger("queue_position")).isZero();
        assertThat(job.getDouble("eta_seconds")).isNotNull();
        String path = response.headers().firstValue("Location").orElseThrow();
        assertThat(job.getString("status_url")).isEqualTo(path);
        await().until(() -> status(path).getString("status").equals("generating"));
        assertThat(gateway.fetch(path + "/images/0").body()).contains("not_ready");

        gateway.stage.sittings().forEach(Sitting::paint);

        await().until(() -> status(path).getString("status").equals("completed"));
        JsonObject image = status(path).getJsonArray("images").getJsonObject(1);
        assertThat(image.getLong("seed")).isEqualTo(6);
        HttpResponse<byte[]> picture =
                gateway.http().send(gateway.request(image.getString("url")).build(), BodyHandlers.ofByteArray());
        assertThat(picture.headers().firstValue("Content-Type")).hasValue("image/png");
        assertThat(picture.body()).isEqualTo(TestStage.IMAGE);
        assertThat(gateway.fetch(path + "/images/2").statusCode()).isEqualTo(404);
    }

    @Test
    void eventsBearIdsAndAreResumedAfterTheLastOne() {
        String path = location(submit(APPLE));
        await().until(() -> status(path).getString("status").equals("completed"));

        List<String> all = eventIds(gateway.fetch(path + "/events").body());
        String resumed = gateway.send(gateway.request(path + "/events")
                        .header("Last-Event-ID", all.get(2))
                        .build())
                .body();

        assertThat(all).hasSizeGreaterThan(4).isSortedAccordingTo((a, b) -> Integer.parseInt(a) - Integer.parseInt(b));
        assertThat(eventIds(resumed)).isEqualTo(all.subList(3, all.size()));
        assertThat(resumed).contains("event: completed").contains("\"url\":\"" + path + "/images/0\"");
        HttpResponse<String> nothing = gateway.send(gateway.request(path + "/events")
                .header("Last-Event-ID", all.get(all.size() - 1))
                .build());
        assertThat(nothing.statusCode()).isEqualTo(204);
    }

    @Test
    void watchersSeeFramesAsTheyCome() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE.copy().put("preview", new JsonObject().put("every_steps", 1))));
        CompletableFuture<HttpResponse<String>> events =
                gateway.http().sendAsync(gateway.request(path + "/events").build(), BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1 && watchers(path) == 1);

        gateway.stage.sittings().get(0).paint();

        assertThat(events.join().body()).contains("event: preview").contains("b64_json");
    }

    /** The bound is generous, and shorter than two times the silence that proxies and clients were left in before. */
    @Test
    @Timeout(15)
    void aStreamWithoutEventsStillSendsSomething() throws Exception {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE));

        try (var lines = gateway.http()
                .send(gateway.request(path + "/events").build(), BodyHandlers.ofLines())
                .body()) {
            assertThat(lines.filter(": keep-alive"::equals).limit(2)).hasSize(2);
        }

        gateway.stage.sittings().forEach(Sitting::paint);
    }

    /** A refiner and the network before it share a schedule that only their nodes know, so a stage may do one step more than expected. */
    @Test
    void aStageThatDoesMoreStepsThanExpectedIsNotToldPastTheTotal() {
        gateway.stage.script(sitting -> {
            sitting.start();
            for (int step = 1; step <= 5; step++) {
                sitting.step(step);
            }
            sitting.finish();
        });
        JsonObject frames = new JsonObject().put("every_steps", 1);
        String path = location(submit(APPLE.copy().put("preview", frames)));
        String events = gateway.fetch(path + "/events").body();

        assertThat(events).contains("\"step\":4", "event: completed").doesNotContain("\"step\":5");
    }

    /** A frame of the latent's matrix would show a picture that a checker makes black. */
    @ParameterizedTest
    @CsvSource({"false,LATENT_RGB", "true,VAE"})
    void whereADecoderBlanksPicturesItMakesTheFrames(boolean blanks, Preview.Grade grade) {
        NodeStatus.Builder decoder = TestGateway.status(StageKind.DECODER);
        decoder.getModelsBuilder(0).setBlanks(blanks);
        gateway.directory.put(decoder.build());

        String path = location(submit(APPLE.copy().put("preview", new JsonObject().put("every_steps", 1))));

        await().until(() -> status(path).getString("status").equals("completed"));
        Preview preview = gateway.stage.sittings().get(0).task.getPreview();
        assertThat(preview.getEverySteps()).isEqualTo(1);
        assertThat(preview.getGrade()).isEqualTo(grade);
    }

    private int watchers(String path) {
        return gateway.ask(
                jobs -> gateway.keptJob(path.substring("/v1/jobs/".length())).watchers());
    }

    @Test
    void cancellingIsIdempotent() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE));
        await().until(() -> gateway.stage.sittings().size() == 1);

        assertThat(delete(path).getBoolean("cancelled")).isTrue();
        assertThat(delete(path).getBoolean("cancelled")).isFalse();

        assertThat(status(path).getString("status")).isEqualTo("cancelled");
        assertThat(gateway.isIdle()).isTrue();
        await().until(() -> gateway.cancels.size() == 1);
    }

    @Test
    void onePictureIsCancelledAndTheOthersGoOn() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE.copy().put("n", 3)));
        await().until(() -> gateway.stage.sittings().size() == 3);

        JsonObject answer = delete(path + "/images/1");
        assertThat(answer.getBoolean("cancelled")).isTrue();
        assertThat(answer.getInteger("sample")).isEqualTo(1);
        assertThat(delete(path + "/images/1").getBoolean("cancelled")).isFalse();
        assertThat(delete(path + "/images/3").getJsonObject("error").getString("code"))
                .isEqualTo("not_found");
        gateway.stage.sittings().forEach(Sitting::paint);

        await().until(gateway::isIdle);
        assertThat(status(path).getJsonArray("images"))
                .extracting(image -> ((JsonObject) image).getString("state"))
                .containsExactly("completed", "cancelled", "completed");
        assertThat(delete(path + "/images/0").getBoolean("cancelled")).isFalse();
        assertThat(gateway.fetch(path + "/images/0").statusCode()).isEqualTo(200);
    }

    @Test
    void allJobsAreListedNewestFirstWithWhatTheyWereAskedFor() {
        JsonObject pear = APPLE.copy()
                .put("prompt", "a pear")
                .put("negative_prompt", "")
                .put("n", 2)
                .put("size", "64x32")
                .put("num_inference_steps", 3)
                .put("guidance_scale", 4.1);
        String apple = location(submit(APPLE));
        await().until(() -> status(apple).getString("status").equals("completed"));
        gateway.stage.script(Sitting::start);
        String path = location(submit(pear));

        JsonObject newest = list("").getJsonObject(0);
        JsonObject image = list("").getJsonObject(1).getJsonArray("images").getJsonObject(0);

        assertThat("/v1/jobs/" + newest.getString("id")).isEqualTo(path);
        assertThat(newest.getJsonObject("request").getMap()).containsAllEntriesOf(pear.getMap());
        assertThat(image.getString("state")).isEqualTo("completed");
        assertThat(image.getInteger("width")).isPositive();
        assertThat(image.getString("url")).isEqualTo(apple + "/images/0");
        assertThat(list("?limit=1")).hasSize(1);
        assertThat(gateway.fetch("/v1/jobs?limit=0").statusCode()).isEqualTo(400);
    }

    private JsonArray list(String query) {
        return new JsonObject(gateway.fetch("/v1/jobs" + query).body()).getJsonArray("data");
    }

    @Test
    void aFinishedJobIsForgottenOnDemandAndAnUnfinishedOneIsNot() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE));
        await().until(() -> gateway.stage.sittings().size() == 1);
        assertThat(delete(path + "?forget=true").getJsonObject("error").getString("code"))
                .isEqualTo("unfinished");
        gateway.stage.sittings().get(0).paint();
        await().until(() -> status(path).getString("status").equals("completed"));

        assertThat(delete(path + "?forget=true").getBoolean("forgotten")).isTrue();

        assertThat(gateway.fetch(path).statusCode()).isEqualTo(410);
        assertThat(gateway.fetch(path + "/images/0").statusCode()).isEqualTo(410);
        assertThat(list("")).isEmpty();
    }

    @Test
    void aFinishedImageIsForgottenWhileTheOthersAreMade() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE.copy().put("n", 2)));
        await().until(() -> gateway.stage.sittings().size() == 2);
        assertThat(delete(path + "/images/0?forget=true").getJsonObject("error").getString("code"))
                .isEqualTo("unfinished");
        gateway.stage.sittings().get(0).paint();
        await().until(() -> gateway.fetch(path + "/images/0").statusCode() == 200);

        assertThat(delete(path + "/images/0?forget=true").getBoolean("forgotten"))
                .isTrue();
        assertThat(delete(path + "/images/0?forget=true").getBoolean("forgotten"))
                .isFalse();

        assertThat(gateway.fetch(path + "/images/0").statusCode()).isEqualTo(404);
        gateway.stage.sittings().get(1).paint();
        await().until(() -> status(path).getString("status").equals("completed"));
        assertThat(status(path).getJsonArray("images").getJsonObject(0).getString("state"))
                .isEqualTo("deleted");
        assertThat(gateway.fetch(path + "/events").body()).contains("event: deleted", "event: completed");
        assertThat(delete(path + "/images/1?forget=true").getBoolean("forgotten"))
                .isTrue();
        assertThat(gateway.fetch(path).statusCode()).as("with its last image").isEqualTo(410);
    }

    @Test
    void aRequestThatIsRepeatedAfterTheDeletionOfAnImageIsAnswered() {
        gateway.stage.script(Sitting::paint);
        for (JsonObject body :
                List.of(APPLE.copy().put("n", 2), APPLE.copy().put("n", 2).put("stream", true))) {
            String key = body.encode();
            keyed(key, body);
            String job = list("").getJsonObject(0).getString("id");
            assertThat(delete("/v1/jobs/" + job + "/images/0?forget=true").getBoolean("forgotten"))
                    .isTrue();

            assertThat(keyed(key, body).body()).contains("\"deleted\"");
        }
    }

    private HttpResponse<String> keyed(String key, JsonObject body) {
        return gateway.send(gateway.request("/v1/images/generations")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", Integer.toHexString(key.hashCode()))
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body.encode()))
                .build());
    }

    @Test
    void leavingTheEventsDoesNotCancelTheJob() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE));
        CompletableFuture<HttpResponse<String>> events =
                gateway.http().sendAsync(gateway.request(path + "/events").build(), BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1 && watchers(path) == 1);

        events.cancel(true);

        await().until(() -> watchers(path) == 0);
        assertThat(status(path).getString("status")).isIn("queued", "generating");
        gateway.stage.sittings().get(0).paint();
        await().until(() -> status(path).getString("status").equals("completed"));
    }

    @Test
    void aJobThatAskedForItEndsWhenTheLastWhoWatchedItLeaves() {
        gateway.stage.script(Sitting::start);
        String path = location(submit(APPLE.copy().put("on_disconnect", "cancel")));
        List<CompletableFuture<HttpResponse<String>>> watching = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            watching.add(
                    gateway.http().sendAsync(gateway.request(path + "/events").build(), BodyHandlers.ofString()));
        }
        await().until(() -> gateway.stage.sittings().size() == 1 && watchers(path) == 2);

        watching.get(0).cancel(true);
        await().until(() -> watchers(path) == 1);
        assertThat(status(path).getString("status")).isIn("queued", "generating");
        watching.get(1).cancel(true);

        await().until(() -> status(path).getString("status").equals("cancelled"));
        assertThat(gateway.isIdle()).isTrue();
    }

    @Test
    void whatIsOverIsKeptForAWhileAndThenGone() {
        reopen(TestGateway.CONFIG.with(new Patience(
                Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofMillis(50))));
        String path = location(submit(APPLE));

        await().until(() -> gateway.fetch(path).statusCode() == 410);

        assertThat(gateway.fetch(path + "/images/0").body()).contains("expired");
        assertThat(gateway.kept()).isZero();
        assertThat(gateway.fetch("/v1/jobs/never-was").statusCode()).isEqualTo(404);
    }

    @Test
    void theOldestGoFirstWherePicturesTakeTooMuchRoom() {
        reopen(TestGateway.CONFIG.with(Limits.DEFAULT.withKept(1000, 2L * TestStage.IMAGE.length)));
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            paths.add(location(submit(APPLE)));
        }

        await().until(() -> gateway.kept() == 2);

        assertThat(gateway.fetch(paths.get(0)).statusCode()).isEqualTo(410);
        assertThat(gateway.fetch(paths.get(3)).statusCode()).isEqualTo(200);
    }

    @Test
    void theImagesApiLinksToPicturesWhereAskedTo() throws Exception {
        JsonObject body = new JsonObject(
                gateway.generate(APPLE.copy().put("response_format", "url")).body());

        String url = body.getJsonArray("data").getJsonObject(0).getString("url");

        HttpResponse<byte[]> picture = gateway.http()
                .send(java.net.http.HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofByteArray());
        assertThat(picture.body()).isEqualTo(TestStage.IMAGE);
    }

    private void reopen(GatewayConfig config) {
        gateway.close();
        gateway = new TestGateway(config);
    }

    private HttpResponse<String> submit(JsonObject body) {
        return gateway.send(gateway.post("/v1/jobs", body.encode()));
    }

    private JsonObject status(String path) {
        return new JsonObject(gateway.fetch(path).body());
    }

    private JsonObject delete(String path) {
        return new JsonObject(gateway.send(gateway.request(path)
                        .method("DELETE", BodyPublishers.noBody())
                        .build())
                .body());
    }

    private static String location(HttpResponse<String> response) {
        return response.headers().firstValue("Location").orElseThrow();
    }

    private static List<String> eventIds(String body) {
        return body.lines()
                .filter(line -> line.startsWith("id: "))
                .map(line -> line.substring(4))
                .toList();
    }
}
