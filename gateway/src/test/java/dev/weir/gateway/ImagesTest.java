package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ImagesTest {

    private static final JsonObject APPLE = new JsonObject().put("prompt", "a red apple");

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    @Test
    void answersWithThePictureOnceItIsDone() {
        HttpResponse<String> response = gateway.generate(APPLE.copy().put("seed", 7));

        assertThat(response.statusCode()).isEqualTo(200);
        JsonObject body = new JsonObject(response.body());
        assertThat(body.getString("output_format")).isEqualTo("png");
        assertThat(body.getString("size")).isEqualTo("64x64");
        JsonObject image = body.getJsonArray("data").getJsonObject(0);
        assertThat(Base64.getDecoder().decode(image.getString("b64_json"))).isEqualTo(TestStage.IMAGE);
        assertThat(image.getJsonObject("x_weir").getLong("seed")).isEqualTo(7);
        assertThat(image.getJsonObject("x_weir").getInteger("step")).isEqualTo(4);
        assertThat(image.getJsonObject("x_weir").getJsonArray("timings").getJsonObject(0))
                .isEqualTo(new JsonObject()
                        .put("stage", "denoiser")
                        .put("node", TestStage.NODE)
                        .put("seconds", 0.5)
                        .put("queued_seconds", 0.0));
    }

    @Test
    void everySampleIsATaskWithItsOwnSeedAndAllDefaultsFilledIn() {
        gateway.generate(APPLE.copy().put("seed", 40).put("n", 3).put("user", "ann"));

        List<Task> tasks = gateway.stage.sittings().stream().map(s -> s.task).toList();
        assertThat(tasks).extracting(t -> t.getGeneration().getSeed()).containsExactlyInAnyOrder(40L, 41L, 42L);
        Task task = tasks.get(0);
        Generation generation = task.getGeneration();
        assertThat(generation.getSteps()).isEqualTo(4);
        assertThat(generation.getGuidanceScale()).isEqualTo(4);
        assertThat(generation.getSampler()).isEqualTo("ddim");
        assertThat(task.getUser()).isEqualTo("ann");
        assertThat(task.getOwner()).isEqualTo("weir.gateway.gateway-a");
        assertThat(task.getRouteList())
                .extracting(Stage::getName, Stage::getForwards)
                .containsExactly(tuple("text-encoder", 1), tuple("denoiser", 4), tuple("decoder", 1));
        assertThat(task.getRoute(1).getSampling())
                .isEqualTo(Sampling.newBuilder().setSampler("ddim").setSteps(4).build());
    }

    @Test
    void aSamplerWithMoreNetworkCallsThanStepsIsCountedByItsCalls() {
        HttpResponse<String> several = gateway.generate(APPLE.copy().put("sampler", "pndm"));
        HttpResponse<String> one =
                gateway.generate(APPLE.copy().put("sampler", "pndm").put("num_inference_steps", 1));

        assertThat(gateway.stage.sittings())
                .extracting(s -> s.task.getGeneration().getSteps() + " steps, "
                        + s.task.getRoute(1).getForwards() + " calls")
                .containsExactly("4 steps, 5 calls", "1 steps, 1 calls");
        assertThat(List.of(several, one))
                .extracting(response -> new JsonObject(response.body())
                        .getJsonArray("data")
                        .getJsonObject(0)
                        .getJsonObject("x_weir"))
                .extracting(image -> image.getInteger("step") + " of " + image.getInteger("total_steps"))
                .containsExactly("5 of 5", "1 of 1");
    }

    @Test
    void aSizePastTheNativeOneGoesThroughTheUpsampler() {
        HttpResponse<String> response = gateway.generate(APPLE.copy().put("size", "128x96"));

        Task task = gateway.stage.sittings().get(0).task;
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(task.getRouteList())
                .extracting(Stage::getName, Stage::getForwards, Stage::getWidth)
                .containsExactly(
                        tuple("text-encoder", 1, 128),
                        tuple("denoiser", 4, 64),
                        tuple("upsampler", 2, 128),
                        tuple("decoder", 1, 128));
        assertThat(task.getGeneration().getWidth()).isEqualTo(128);
    }

    @Test
    void streamsPartialPicturesThenTheCompletedOneThenDone() {
        HttpResponse<String> response =
                gateway.generate(APPLE.copy().put("stream", true).put("partial_images", 2));

        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        List<String> events = events(response.body());
        assertThat(events).hasSize(4).last().isEqualTo("data: [DONE]");
        JsonObject partial = data(events.get(0), "image_generation.partial_image");
        assertThat(partial.fieldNames())
                .contains("b64_json", "created_at", "background", "output_format", "quality", "size");
        assertThat(partial.getInteger("partial_image_index")).isZero();
        assertThat(data(events.get(1), "image_generation.partial_image").getInteger("partial_image_index"))
                .isEqualTo(1);
        JsonObject completed = data(events.get(2), "image_generation.completed");
        assertThat(Base64.getDecoder().decode(completed.getString("b64_json"))).isEqualTo(TestStage.IMAGE);
        assertThat(completed.getJsonObject("usage").fieldNames())
                .contains("input_tokens", "output_tokens", "total_tokens", "input_tokens_details");
        assertThat(completed.getJsonObject("x_weir").getInteger("total_steps")).isEqualTo(4);
    }

    @Test
    void aStreamThatFailsEndsWithAnErrorObject() {
        gateway.stage.script(sitting -> sitting.fail("out_of_memory", false));

        HttpResponse<String> response = gateway.generate(APPLE.copy().put("stream", true));

        JsonObject error = data(events(response.body()).get(0), "error").getJsonObject("error");
        assertThat(error.getString("code")).isEqualTo("out_of_memory");
        assertThat(response.body()).doesNotContain("[DONE]");
    }

    @Test
    void aClientThatLeavesCancelsItsJob() {
        for (boolean stream : new boolean[] {false, true}) {
            gateway.stage.sittings().clear();
            gateway.cancels.clear();
            gateway.stage.script(Sitting::start);
            CompletableFuture<HttpResponse<String>> response = gateway.http()
                    .sendAsync(
                            gateway.post(
                                    "/v1/images/generations",
                                    APPLE.copy().put("stream", stream).encode()),
                            BodyHandlers.ofString());
            await().until(() -> gateway.stage.sittings().size() == 1);

            response.cancel(true);

            String job = gateway.stage.sittings().get(0).task.getRef().getJobId();
            await().untilAsserted(() -> assertThat(gateway.cancels).contains(job));
            await().until(gateway::isIdle);
        }
    }

    @Test
    void aClientThatLeavesAndAskedForThePictureToBeFinishedFindsItAmongTheJobs() {
        for (boolean stream : new boolean[] {false, true}) {
            gateway.stage.sittings().clear();
            gateway.cancels.clear();
            gateway.stage.script(Sitting::start);
            JsonObject body = APPLE.copy().put("stream", stream).put("on_disconnect", "finish");
            CompletableFuture<HttpResponse<String>> response = gateway.http()
                    .sendAsync(gateway.post("/v1/images/generations", body.encode()), BodyHandlers.ofString());
            await().until(() -> gateway.stage.sittings().size() == 1);
            Sitting sitting = gateway.stage.sittings().get(0);
            String job = sitting.task.getRef().getJobId();

            response.cancel(true);
            await().until(() -> gateway.ask(jobs -> gateway.keptJob(job).watchers()) == 0);
            sitting.paint();

            await().until(gateway::isIdle);
            assertThat(gateway.fetch("/v1/jobs/" + job + "/images/0").body()).isEqualTo(new String(TestStage.IMAGE));
            assertThat(gateway.cancels).isEmpty();
        }
    }

    @Test
    void theClassOfARequestTravelsWithItsTasks() {
        gateway.generate(APPLE);
        gateway.generate(APPLE.copy().put("priority", "interactive"));
        gateway.generate(APPLE.copy().put("priority", "batch"));

        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getPriority())
                .containsExactly(Priority.STANDARD, Priority.INTERACTIVE, Priority.BATCH);
    }

    @Test
    void aRetryableFailureStartsAnotherAttempt() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() < 3) {
                sitting.fail("device_lost", true);
            } else {
                sitting.paint();
            }
        });

        HttpResponse<String> response = gateway.generate(APPLE);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(gateway.stage.sittings())
                .extracting(s -> s.task.getRef().getAttempt())
                .containsExactly(1, 2, 3);
    }

    @Test
    void theLastAttemptsFailureIsTheRequests() {
        gateway.stage.script(sitting -> sitting.fail("device_lost", true));

        HttpResponse<String> response = gateway.generate(APPLE);

        assertThat(response.statusCode()).isEqualTo(500);
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.getString("code")).isEqualTo("device_lost");
        assertThat(error.getString("message")).contains("failed 3 times", TestStage.NODE);
    }

    @Test
    void whatADrainingNodeHandsBackStartsAnewAtOnce() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.handBack();
                // Late news of an attempt that is over must not count.
                sitting.finish("stale".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            } else {
                sitting.paint();
            }
        });

        JsonObject body = new JsonObject(gateway.generate(APPLE).body());

        JsonArray data = body.getJsonArray("data");
        assertThat(Base64.getDecoder().decode(data.getJsonObject(0).getString("b64_json")))
                .isEqualTo(TestStage.IMAGE);
        assertThat(data.getJsonObject(0).getJsonObject("x_weir").getInteger("attempts"))
                .isEqualTo(2);
    }

    @Test
    void whatALostNodeHeldStartsAnew() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.isAt("a node without a lease");
                sitting.start();
            } else {
                sitting.paint();
            }
        });

        assertThat(gateway.generate(APPLE).statusCode()).isEqualTo(200);
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    private static List<String> events(String body) {
        List<String> events = new ArrayList<>(List.of(body.split("\n\n")));
        events.removeIf(event -> event.startsWith(":"));
        return events;
    }

    private static JsonObject data(String event, String type) {
        assertThat(event).startsWith("event: " + type + "\ndata: ");
        return new JsonObject(event.substring(event.indexOf("data: ") + 6));
    }
}
