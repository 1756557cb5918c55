package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the user should know of a request whose pictures are made. */
@Execution(ExecutionMode.CONCURRENT)
final class WarningsTest {

    private static final JsonObject APPLES =
            new JsonObject().put("prompt", "red apples").put("seed", 5).put("n", 2);

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    private static void warnAndPaint(Sitting sitting) {
        sitting.warn("prompt");
        sitting.warn("negative_prompt");
        sitting.paint();
    }

    private static void expectBoth(JsonArray warnings) {
        assertThat(warnings)
                .containsExactly(
                        new JsonObject()
                                .put("code", "prompt_truncated")
                                .put("message", "too long: prompt")
                                .put("param", "prompt"),
                        new JsonObject()
                                .put("code", "prompt_truncated")
                                .put("message", "too long: negative_prompt")
                                .put("param", "negative_prompt"));
    }

    private String submit(JsonObject body) {
        HttpResponse<String> response = gateway.send(gateway.post("/v1/jobs", body.encode()));
        return response.headers().firstValue("Location").orElseThrow();
    }

    private static JsonObject status(TestGateway at, String path) {
        return new JsonObject(at.fetch(path).body());
    }

    /** The warnings among the events of a job that is over, or that ends meanwhile. */
    private static List<JsonObject> told(TestGateway at, String path) {
        return at.fetch(path + "/events")
                .body()
                .lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> new JsonObject(line.substring("data: ".length())))
                .filter(event -> "warning".equals(event.getString("type")))
                .toList();
    }

    /** The first of two pictures; in the answer, the job's status and its events. */
    @Test
    void aFlaggedPictureIsMarkedWhereverItIsTold() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (sitting.task.getRef().getSample() == 0) {
                sitting.finishFlagged();
            } else {
                sitting.finish();
            }
        });
        JsonArray data = new JsonObject(gateway.generate(APPLES).body()).getJsonArray("data");
        assertThat(data.getJsonObject(0).getJsonObject("x_weir").getBoolean("nsfw_content_detected"))
                .isTrue();
        assertThat(data.getJsonObject(1).getJsonObject("x_weir").containsKey("nsfw_content_detected"))
                .isFalse();

        String job = submit(APPLES);
        await().untilAsserted(() ->
                assertThat(status(gateway, job).getString("status")).isEqualTo("completed"));
        JsonArray images = status(gateway, job).getJsonArray("images");
        assertThat(images.getJsonObject(0).getBoolean("nsfw_content_detected")).isTrue();
        assertThat(images.getJsonObject(1).containsKey("nsfw_content_detected")).isFalse();
        assertThat(gateway.fetch(job + "/events").body().lines().filter(line -> line.contains("completed")))
                .filteredOn(line -> line.contains("\"nsfw_content_detected\":true"))
                .hasSize(1);
    }

    @Test
    void anAnswerHasEachWarningOnceForAllPictures() {
        gateway.stage.script(WarningsTest::warnAndPaint);
        for (String format : List.of("b64_json", "url")) {
            JsonObject answer = new JsonObject(gateway.generate(APPLES.copy().put("response_format", format))
                    .body());
            assertThat(answer.getJsonArray("data")).hasSize(2);
            expectBoth(answer.getJsonArray("warnings"));
        }
    }

    @Test
    void anAnswerToARequestThatIsRepeatedHasThemToo() {
        gateway.stage.script(WarningsTest::warnAndPaint);
        for (int i = 0; i < 2; i++) {
            JsonObject answer = new JsonObject(gateway.send(gateway.request("/v1/images/generations")
                            .header("Content-Type", "application/json")
                            .header("Idempotency-Key", "key")
                            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(APPLES.encode()))
                            .build())
                    .body());
            expectBoth(answer.getJsonArray("warnings"));
        }
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    @Test
    void whereThereIsNothingToWarnOfNothingIsSaid() {
        assertThat(new JsonObject(gateway.generate(APPLES).body()).fieldNames()).doesNotContain("warnings");
        assertThat(status(gateway, submit(APPLES)).fieldNames()).doesNotContain("warnings");
    }

    @Test
    void anImageStreamHasThemInItsCompletedEventsAndNoEventThatItsClientsDoNotKnow() {
        gateway.stage.script(WarningsTest::warnAndPaint);
        String told = gateway.generate(APPLES.copy().put("stream", true)).body();
        assertThat(told.lines().filter(line -> line.startsWith("event: ")).distinct())
                .containsExactly("event: image_generation.completed");
        assertThat(told.lines().filter(line -> line.startsWith("data: {")))
                .hasSize(2)
                .allSatisfy(
                        line -> expectBoth(new JsonObject(line.substring("data: ".length())).getJsonArray("warnings")));
    }

    @Test
    void aJobTellsEachOnceAndKeepsIt() {
        gateway.stage.script(WarningsTest::warnAndPaint);
        String path = submit(APPLES);
        List<JsonObject> told = told(gateway, path);
        assertThat(told).extracting(event -> event.getString("param")).containsExactly("prompt", "negative_prompt");
        assertThat(told.get(0).getString("message")).isEqualTo("too long: prompt");
        assertThat(told.get(0).getString("code")).isEqualTo("prompt_truncated");
        JsonObject status = status(gateway, path);
        expectBoth(status.getJsonArray("warnings"));
        assertThat(status.getJsonArray("images").getJsonObject(0).getString("state"))
                .isEqualTo("completed");
    }

    @Test
    void aWarningChangesNoStateOfAJob() {
        gateway.stage.script(sitting -> sitting.warn("prompt"));
        String path = submit(APPLES);
        await().until(() -> status(gateway, path).containsKey("warnings"));
        assertThat(status(gateway, path).getString("status")).isEqualTo("queued");
        assertThat(status(gateway, path).getJsonArray("images").getJsonObject(0).getString("state"))
                .isEqualTo("queued");
    }

    @Test
    void aSocketIsToldEachOnce() {
        gateway.stage.script(WarningsTest::warnAndPaint);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("mine", new JsonObject().put("n", 2));
            await().until(() -> socket.events("completed").size() == 2);
            assertThat(socket.events("warning")).hasSize(2).allSatisfy(event -> {
                assertThat(event.getString("id")).isEqualTo("mine");
                assertThat(event.getString("message")).startsWith("too long: ");
            });
        }
    }

    @Test
    void aWarningSurvivesTheLossOfItsGatewayAndIsNotToldAgain() {
        TestGateway other = gateway.beside(TestGateway.CONFIG);
        gateway.stage.script(sitting -> {
            sitting.warn("prompt");
            sitting.start();
        });
        String path = submit(APPLES.copy().put("n", 1));
        await().until(() -> status(other, path).containsKey("warnings"));
        JsonArray before = status(other, path).getJsonArray("warnings");

        gateway.stop();

        // The new owner's attempt passes the text encoder again.
        await().until(() -> gateway.stage.sittings().size() == 2);
        gateway.stage.sittings().get(1).paint();
        await().until(() -> status(other, path).getString("status").equals("completed"));
        assertThat(status(other, path).getJsonArray("warnings"))
                .isEqualTo(before)
                .hasSize(1);
        assertThat(told(other, path)).hasSize(1);
    }

    @Test
    void aNewOwnerTellsAWarningThatNobodyToldBefore() {
        TestGateway other = gateway.beside(TestGateway.CONFIG);
        gateway.stage.script(Sitting::start);
        String path = submit(APPLES.copy().put("n", 1));
        await().until(() -> gateway.stage.sittings().size() == 1);
        gateway.stage.script(WarningsTest::warnAndPaint);

        gateway.stop();

        await().until(() -> status(other, path).getString("status").equals("completed"));
        expectBoth(status(other, path).getJsonArray("warnings"));
    }
}
