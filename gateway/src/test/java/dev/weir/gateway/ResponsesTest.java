package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs that ask OpenAI's Responses API for images. */
final class ResponsesTest {

    private static final String PICTURE =
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static JsonObject asked(Object input, JsonObject tool) {
        return new JsonObject()
                .put("model", "gpt-5-mini")
                .put("input", input)
                .put("tools", new JsonArray().add(tool.put("type", "image_generation")));
    }

    private HttpResponse<String> post(JsonObject body) {
        return gateway.send(gateway.post("/v1/responses", body.encode()));
    }

    private Generation made() {
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @Test
    void theAnswerHasThePictureAsTheResultOfTheCall() {
        HttpResponse<String> response =
                post(asked("a red apple", new JsonObject().put("seed", 7).put("size", "64x32")));

        JsonObject body = new JsonObject(response.body());
        assertThat(body.getString("status")).isEqualTo("completed");
        assertThat(body.getString("model")).isEqualTo("gpt-5-mini");
        JsonObject call = body.getJsonArray("output").getJsonObject(0);
        assertThat(call.getString("type")).isEqualTo("image_generation_call");
        assertThat(Base64.getDecoder().decode(call.getString("result"))).isEqualTo(TestStage.IMAGE);
        assertThat(made().getPrompt()).isEqualTo("a red apple");
        assertThat(made().getSeed()).isEqualTo(7);
        assertThat(made().getHeight()).isEqualTo(32);
    }

    @Test
    void aStreamHasTheEventsOfOpenAiInTheirOrder() {
        HttpResponse<String> response = post(
                asked("a red apple", new JsonObject().put("partial_images", 1)).put("stream", true));

        List<JsonObject> events = response.body()
                .lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> new JsonObject(line.substring(6)))
                .toList();
        assertThat(events)
                .extracting(event -> event.getString("type"))
                .containsExactly(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.image_generation_call.in_progress",
                        "response.image_generation_call.generating",
                        "response.image_generation_call.partial_image",
                        "response.image_generation_call.completed",
                        "response.output_item.done",
                        "response.completed");
        assertThat(events)
                .extracting(event -> event.getInteger("sequence_number"))
                .isEqualTo(IntStream.range(0, events.size()).boxed().toList());
        JsonObject done = events.get(7).getJsonObject("item");
        assertThat(Base64.getDecoder().decode(done.getString("result"))).isEqualTo(TestStage.IMAGE);
        assertThat(events.get(5).getString("item_id")).isEqualTo(done.getString("id"));
        assertThat(events.get(8)
                        .getJsonObject("response")
                        .getJsonArray("output")
                        .getJsonObject(0))
                .isEqualTo(done);
    }

    @Test
    void theLastMessageOfTheUserIsThePromptAndItsImageIsChanged() {
        JsonArray content = new JsonArray()
                .add(new JsonObject().put("type", "input_text").put("text", "make it green"))
                .add(new JsonObject().put("type", "input_image").put("image_url", PICTURE));
        JsonArray input = new JsonArray()
                .add(new JsonObject().put("role", "user").put("content", "a red apple"))
                .add(new JsonObject().put("role", "assistant").put("content", "here it is"))
                .add(new JsonObject().put("role", "user").put("content", content));

        assertThat(post(asked(input, new JsonObject())).statusCode()).isEqualTo(200);

        assertThat(made().getPrompt()).isEqualTo("make it green");
        assertThat(made().getWorkflow()).isEqualTo("image_to_image");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"input\": \"x\"} | tools must have",
                "{\"tools\": [{\"type\": \"image_generation\"}]} | input is required",
                "{\"input\": \"x\", \"tools\": [{\"type\": \"image_generation\", \"sise\": 1}]} | sise is unknown",
                "{\"input\": \"x\", \"tools\": [{\"type\": \"image_generation\", \"n\": 2}]} | a response has one image",
                "{\"input\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_image\", \"image_url\": \"http://10.0.0.1/\"}]}], "
                        + "\"tools\": [{\"type\": \"image_generation\"}]} | must be a data URL",
                "{\"input\": \"x\", \"tools\": [{\"type\": \"image_generation\", \"background\": \"transparent\"}]} | transparency"
            })
    void whatIsNotSupportedIsRefusedByName(String body, String message) {
        HttpResponse<String> response = post(new JsonObject(body));

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(response.body()).getJsonObject("error").getString("message"))
                .contains(message);
    }

    @Test
    void aFailureEndsTheStreamWithItsReason() {
        gateway.stage.script(sitting -> sitting.fail("not_finite", false));

        HttpResponse<String> response = post(asked("x", new JsonObject()).put("stream", true));

        assertThat(response.body()).contains("event: response.failed").contains("\"code\":\"not_finite\"");
    }

    @Test
    void aClientThatLeavesCancels() {
        gateway.stage.script(Sitting::start);
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(
                        gateway.post(
                                "/v1/responses", asked("x", new JsonObject()).encode()),
                        BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1);

        answer.cancel(true);

        await().untilAsserted(() -> assertThat(gateway.cancels).hasSize(1));
    }
}
