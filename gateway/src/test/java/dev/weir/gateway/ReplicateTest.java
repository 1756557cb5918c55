package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs that were written for Replicate's predictions. */
final class ReplicateTest {

    private static final byte[] FILE = {1, 2, 3};
    private static final String DATA_URL =
            "data:image/png;base64," + Base64.getEncoder().encodeToString(FILE);

    private final TestGateway gateway = new TestGateway();

    ReplicateTest() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(FILE);
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> post(String path, String body, String... headers) {
        var request =
                gateway.request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return gateway.send(request.build());
    }

    private JsonObject created(String path, JsonObject body, String... headers) {
        HttpResponse<String> response = post(path, body.encode(), headers);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        return new JsonObject(response.body());
    }

    private static JsonObject body(JsonObject input) {
        return new JsonObject().put("version", "tiny").put("input", input);
    }

    private static JsonObject fox() {
        return new JsonObject().put("prompt", "a fox");
    }

    private JsonObject get(String id) {
        return new JsonObject(gateway.fetch("/v1/predictions/" + id).body());
    }

    private Generation made(JsonObject input) {
        created("/v1/predictions", body(input), "Prefer", "wait");
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @Test
    void aPredictionIsPolledUntilItSucceeds() {
        JsonObject begun = created("/v1/predictions", body(fox()));
        String id = begun.getString("id");
        await().until(() -> get(id).getString("status").equals("succeeded"));
        JsonObject over = get(id);

        assertThat(begun.getString("status")).isIn("starting", "processing", "succeeded");
        assertThat(over.getString("model")).isEqualTo("weir/tiny");
        assertThat(over.getString("version")).isEqualTo("tiny");
        assertThat(over.getJsonArray("output")).containsExactly(DATA_URL);
        assertThat(over.getValue("error")).isNull();
        assertThat(over.getString("created_at")).isLessThanOrEqualTo(over.getString("completed_at"));
        assertThat(over.getJsonObject("urls").getMap().values())
                .allMatch(url -> ((String) url).startsWith(gateway.uri("/v1/predictions/" + id) + ""));
        assertThat(over.getJsonObject("input").getMap())
                .containsEntry("prompt", "a fox")
                .containsEntry("num_outputs", 1)
                .containsEntry("width", 64)
                .containsEntry("height", 64)
                .containsEntry("scheduler", "ddim");
    }

    @Test
    void aClientThatWaitsGetsTheFinishedPrediction() {
        JsonObject over =
                created("/v1/models/weir/tiny/predictions", new JsonObject().put("input", fox()), "Prefer", "wait=30");

        assertThat(over.getString("status")).isEqualTo("succeeded");
        assertThat(over.getJsonArray("output")).containsExactly(DATA_URL);
    }

    /** The library for Python polls only then. */
    @Test
    void aPredictionThatIsNotFinishedInTimeIsStarting() {
        gateway.stage.script(Sitting::start);

        JsonObject begun = created("/v1/predictions", body(fox()), "Prefer", "wait=1");

        assertThat(begun.getString("status")).isEqualTo("starting");
        await().until(() -> get(begun.getString("id")).getString("status").equals("processing"));
    }

    @Test
    void anAsynchronousClientIsTold() {
        assertThat(post("/v1/predictions", body(fox()).encode(), "Prefer", "respond-async")
                        .statusCode())
                .isEqualTo(202);
    }

    @Test
    void aPredictionGoesOnWithoutTheClientThatWaits() {
        gateway.stage.script(Sitting::start);
        var waiting = gateway.http()
                .sendAsync(
                        gateway.request("/v1/predictions")
                                .headers("Content-Type", "application/json", "Prefer", "wait")
                                .POST(BodyPublishers.ofString(body(fox()).encode()))
                                .build(),
                        BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1);
        String id = gateway.stage.sittings().get(0).task.getRef().getJobId();
        await().until(() -> gateway.ask(jobs -> gateway.watchers(id)) == 1);

        waiting.cancel(true);

        await().until(() -> gateway.ask(jobs -> gateway.watchers(id)) == 0);
        gateway.stage.sittings().get(0).finish(FILE);
        await().until(() -> get(id).getString("status").equals("succeeded"));
    }

    @Test
    void picturesHaveUrlsWhereTheGatewayIsReachedOverHttps() {
        JsonObject over = created(
                "/v1/predictions",
                body(fox()),
                "Prefer",
                "wait",
                "X-Forwarded-Proto",
                "https",
                "X-Forwarded-Host",
                "weir.example");

        assertThat(over.getJsonArray("output"))
                .containsExactly("https://weir.example/v1/jobs/" + over.getString("id") + "/images/0");
    }

    @Test
    void theInputIsThatOfStableDiffusionThere() {
        Generation made = made(fox().put("negative_prompt", "dogs")
                .put("width", 32)
                .put("height", 64)
                .put("guidance_scale", 3.5)
                .put("num_inference_steps", 6)
                .put("scheduler", "K_EULER")
                .put("seed", 9)
                .put("output_format", "jpg")
                .put("output_quality", 50)
                .put("apply_watermark", false));

        assertThat(made.getNegativePrompt()).isEqualTo("dogs");
        assertThat(made.getWidth()).isEqualTo(32);
        assertThat(made.getHeight()).isEqualTo(64);
        assertThat(made.getGuidanceScale()).isEqualTo(3.5f);
        assertThat(made.getSteps()).isEqualTo(6);
        assertThat(made.getSampler()).isEqualTo("euler");
        assertThat(made.getSeed()).isEqualTo(9);
        assertThat(made.getOutputFormat()).isEqualTo("jpeg");
        assertThat(made.getOutputCompression()).isEqualTo(50);
    }

    @Test
    void theInputOfAnAnswerMakesTheSamePictureAgain() {
        JsonObject first = created("/v1/predictions", body(fox().put("num_outputs", 2)), "Prefer", "wait");
        created("/v1/predictions", body(first.getJsonObject("input")), "Prefer", "wait");

        List<Sitting> sittings = gateway.stage.sittings();
        assertThat(first.getJsonArray("output")).hasSize(2);
        assertThat(sittings).hasSize(4);
        assertThat(sittings.get(2).task.getGeneration())
                .isEqualTo(sittings.get(0).task.getGeneration());
    }

    @Test
    void aCancelledPredictionIsCanceled() {
        gateway.stage.script(Sitting::start);
        String id = created("/v1/predictions", body(fox())).getString("id");

        HttpResponse<String> response = post("/v1/predictions/" + id + "/cancel", "");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getString("status")).isEqualTo("canceled");
        assertThat(get(id).getString("status")).isEqualTo("canceled");
    }

    @Test
    void aFailedPredictionHasAnErrorAndNoOutput() {
        gateway.stage.script(sitting -> sitting.fail("out_of_memory", false));

        JsonObject over = created("/v1/predictions", body(fox()), "Prefer", "wait");

        assertThat(over.getString("status")).isEqualTo("failed");
        assertThat(over.getString("error")).isNotBlank();
        assertThat(over.getValue("output")).isNull();
    }

    @Test
    void theListHasTheNewestFirst() {
        String first = created("/v1/predictions", body(fox()), "Prefer", "wait").getString("id");
        String second =
                created("/v1/predictions", body(fox()), "Prefer", "wait").getString("id");

        JsonObject page = new JsonObject(gateway.fetch("/v1/predictions").body());

        JsonArray results = page.getJsonArray("results");
        assertThat(page.getValue("next")).isNull();
        assertThat(results.getJsonObject(0).getString("id")).isEqualTo(second);
        assertThat(results.getJsonObject(1).getString("id")).isEqualTo(first);
        assertThat(results.getJsonObject(0).getJsonArray("output"))
                .containsExactly(gateway.uri("/v1/jobs/" + second + "/images/0").toString());
    }

    /** The library's pattern for a progress bar. */
    @Test
    void theLogsHaveAProgressBar() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(1);
        });
        String id = created("/v1/predictions", body(fox().put("seed", 7))).getString("id");
        await().until(() -> get(id).getString("logs").contains("1/4"));

        assertThat(get(id).getString("logs").split("\n"))
                .satisfiesExactly(seed -> assertThat(seed).isEqualTo("Using seed: 7"), bar -> assertThat(bar)
                        .matches("^\\s*25%\\s*\\|.+?\\|\\s*1/4"));
    }

    /** The number of steps is an estimate for a model with a refiner. */
    @Test
    void theLogsOfAPredictionWithMoreStepsThanExpectedHaveAFullBar() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(5);
        });
        String id = created("/v1/predictions", body(fox())).getString("id");

        await().until(() -> get(id).getString("logs").contains("100%|██████████| 4/4"));
    }

    @Test
    void aStreamHasFramesThePictureAndItsEnd() {
        gateway.stage.script(Sitting::start);
        JsonObject preview = new JsonObject().put("every_steps", 2);
        String id =
                created("/v1/predictions", body(fox().put("preview", preview))).getString("id");
        var stream = gateway.http()
                .sendAsync(gateway.request("/v1/predictions/" + id + "/stream").build(), BodyHandlers.ofString());
        await().until(() -> gateway.ask(jobs -> gateway.watchers(id)) == 1);
        gateway.stage.sittings().get(0).paint();

        List<String> events = stream.join()
                .body()
                .lines()
                .filter(line -> line.startsWith("event: ") || line.startsWith("data: "))
                .toList();
        assertThat(events).startsWith("event: output").contains("event: done").endsWith("data: {}");
        assertThat(events.stream().filter("event: output"::equals)).hasSizeGreaterThan(1);
        assertThat(events.get(1)).startsWith("data: data:image/jpeg;base64,");

        List<String> again = gateway.fetch("/v1/predictions/" + id + "/stream")
                .body()
                .lines()
                .filter(line -> line.startsWith("event: "))
                .toList();
        assertThat(again).containsExactly("event: output", "event: done");
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/predictions,{},422,version is required",
        "/v1/predictions,'{\"version\": \"tiny\"}',422,input is required",
        "/v1/predictions,'{\"version\": \"a/b\", \"input\": {\"prompt\": \"x\"}}',404,a/b",
        "/v1/models/a/b/predictions,'{\"input\": {\"prompt\": \"x\"}}',404,a/b",
        "/v1/predictions,'{\"version\": \"tiny\", \"model\": \"tiny\", \"input\": {\"prompt\": \"x\"}}',422,cannot be used together",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {}}',422,input.prompt",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"scheduler\": \"x\"}}',422,input.scheduler must be one of",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"num_outputs\": 99}}',422,input.num_outputs must be",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"num_outputs\": 2, \"n\": 2}}',422,cannot be used together",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"width\": 99}}',422,input.width and input.height",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"image\": \"https://a.example/b.png\"}}',422,input.image must be",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"aspect_ratio\": \"1:1\"}}',422,input.aspect_ratio is unknown",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"model\": \"y\"}}',422,input.model is part of",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"on_disconnect\": \"cancel\"}}',422,input.on_disconnect",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"webhook\": \"https://8.8.8.8/\"}}',422,input.webhook is a field beside",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\"}, \"bag\": 1}',422,bag",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"loras\": [{\"weight\": 2}]}}',422,input.loras[0].name",
        "/v1/predictions/nothing/cancel,,404,job",
        "/v1/predictions,'[]',400,JSON",
        "/v1/predictions,'{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\", \"image\": \"http://a.example/v1/files/0a\"}}',422,input.image names a file that is not here",
        "/v1/models/weir/gone/predictions,'{\"input\": {\"prompt\": \"x\"}}',404,gone",
        "/v1/files,{},415,multipart",
        "/v1/trainings,{},404,/v1/trainings"
    })
    void anErrorIsAProblemThatNamesTheField(String path, String body, int status, String named) {
        HttpResponse<String> response = post(path, body == null ? "" : body);

        JsonObject problem = new JsonObject(response.body());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(problem.getInteger("status")).isEqualTo(status);
        assertThat(problem.getString("title")).isNotBlank();
        assertThat(problem.getString("detail")).contains(named);
    }

    @Test
    void aModelHasOneVersion() {
        JsonObject model = new JsonObject(gateway.fetch("/v1/models/weir/tiny").body());
        JsonArray versions =
                new JsonObject(gateway.fetch("/v1/models/weir/tiny/versions").body()).getJsonArray("results");
        JsonObject version = new JsonObject(
                gateway.fetch("/v1/models/weir/tiny/versions/tiny").body());

        assertThat(model.getString("owner")).isEqualTo("weir");
        assertThat(model.getJsonObject("latest_version")).isEqualTo(version);
        assertThat(versions).containsExactly(version);
        assertThat(version.getJsonObject("openapi_schema").encode()).contains("prompt_strength", "num_outputs");
        JsonObject input = version.getJsonObject("openapi_schema")
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject("Input");
        assertThat(input.getJsonArray("required")).containsExactly("prompt");
        assertThat(type(input, "clip_skip")).isEqualTo("integer");
        assertThat(type(input, "guidance_reuse")).isEqualTo("boolean");
        assertThat(type(input, "guidance_scale")).isEqualTo("number");
        assertThat(type(input, "negative_prompt")).isEqualTo("string");
        HttpResponse<String> gone = gateway.fetch("/v1/models/weir/tiny/versions/2");
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(gone.body()).contains("no such version", "title");
    }

    private static String type(JsonObject schema, String name) {
        return schema.getJsonObject("properties").getJsonObject(name).getString("type");
    }

    @ParameterizedTest
    @CsvSource({"tiny", "weir/tiny", "weir/tiny:1", "weir/tiny:tiny", "tiny:latest"})
    void aModelIsNamedAsThere(String version) {
        JsonObject over = created("/v1/predictions", body(fox()).put("version", version), "Prefer", "wait");

        assertThat(over.getString("version")).isEqualTo("tiny");
    }

    @Test
    void itCanBeTurnedOff() {
        TestGateway off = gateway.another(TestGateway.CONFIG.withApis(Set.of(Api.OPENAI)));
        assertThat(off.send(off.post("/v1/predictions", body(fox()).encode())).statusCode())
                .isEqualTo(404);
        off.stop();
    }
}
