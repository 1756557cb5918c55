package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.RawHttp.Reply;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs that were written for Hugging Face's Inference API. */
final class HuggingFaceTest {

    private static final byte[] FILE = {1, 2, 3};

    private final TestGateway gateway = new TestGateway();

    HuggingFaceTest() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(FILE);
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post(path, body.encode()));
    }

    private Generation made(JsonObject parameters) {
        HttpResponse<String> response =
                post("/models/tiny", new JsonObject().put("inputs", "a fox").put("parameters", parameters));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @Test
    void theAnswerIsTheFileOfOnePicture() throws Exception {
        HttpResponse<byte[]> response = gateway.http()
                .send(gateway.post("/models/tiny", "{\"inputs\": \"a fox\"}"), BodyHandlers.ofByteArray());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("image/png");
        assertThat(response.body()).isEqualTo(FILE);
        Generation made = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(made.getPrompt()).isEqualTo("a fox");
        assertThat(made.getSteps()).isEqualTo(4);
    }

    @Test
    void parametersAreThoseOfThatApiAndWeirsOwn() {
        Generation made = made(new JsonObject()
                .put("negative_prompt", "dogs")
                .put("guidance_scale", 3.5)
                .put("num_inference_steps", 6)
                .put("width", 32)
                .put("height", 64)
                .put("seed", 9)
                .put("scheduler", "EulerDiscreteScheduler")
                .put("schedule", "karras"));

        assertThat(made.getNegativePrompt()).isEqualTo("dogs");
        assertThat(made.getGuidanceScale()).isEqualTo(3.5f);
        assertThat(made.getSteps()).isEqualTo(6);
        assertThat(made.getWidth()).isEqualTo(32);
        assertThat(made.getHeight()).isEqualTo(64);
        assertThat(made.getSeed()).isEqualTo(9);
        assertThat(made.getSampler()).isEqualTo("euler");
        assertThat(made.getSchedule()).isEqualTo("karras");
    }

    @ParameterizedTest
    @CsvSource({
        "image/jpeg,jpeg",
        "'image/webp,image/png',webp",
        "'image/webp;q=0, image/jpeg',jpeg",
        "*/*,png",
        "application/json,png"
    })
    void theFormatIsTheFirstPictureThatTheClientAccepts(String accept, String format) {
        HttpResponse<String> response = gateway.send(gateway.request("/models/tiny")
                .header("Content-Type", "application/json")
                .header("Accept", accept)
                .POST(BodyPublishers.ofString("{\"inputs\": \"a fox\"}"))
                .build());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(gateway.stage.sittings().get(0).task.getGeneration().getOutputFormat())
                .isEqualTo(format);
    }

    @ParameterizedTest
    @CsvSource({
        "/models/someone/else,{\"inputs\": \"x\"},404,someone/else",
        "/models/tiny,{},400,inputs",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"scheduler\": \"DPMSolverSDEScheduler\"}}',400,parameters.scheduler must be one of",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"num_images_per_prompt\": 2}}',400,'parameters.num_images_per_prompt must be 1, as'",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"sampler\": \"x\"}}',400,parameters.sampler must be one of",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"seed\": \"x\"}}',400,parameters.seed must",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"guidance_scale\": 1e9}}',400,parameters.guidance_scale must",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"width\": 99, \"height\": 64}}',400,parameters.width and parameters.height",
        "/models/tiny,{\"inputs\": 5},400,inputs must be a string",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"lora\": \"y\"}}',400,lora",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"model\": \"y\"}}',400,parameters.model is part of the path",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"prompt\": \"y\"}}',400,parameters.prompt is the field",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"output_format\": \"jpeg\"}}',400,parameters.output_format",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"on_disconnect\": \"finish\"}}',400,parameters.on_disconnect",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"size\": \"64x64\", \"width\": 32}}',400,parameters.size",
        "/models/tiny,'{\"inputs\": \"x\", \"parameters\": {\"sampler\": \"ddim\", \"scheduler\": \"LCMScheduler\"}}',400,sampler",
        "/models/tiny,'{\"inputs\": \"x\", \"stream\": true}',400,stream"
    })
    void anErrorIsOneTextThatNamesTheField(String path, String body, int status, String named) {
        HttpResponse<String> response = post(path, new JsonObject(body));

        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(new JsonObject(response.body()).getString("error")).contains(named);
    }

    /** A GET of one name is ComfyUI's list of a folder. */
    @ParameterizedTest
    @CsvSource({"PUT,/models/tiny,405", "DELETE,/models/a/b,405", "GET,/models/a/b,405", "POST,/models/a/b,404"})
    void whatIsNotThereIsRefusedInTheSameShape(String method, String path, int status) {
        Reply reply = RawHttp.exchange(
                gateway.port(),
                RawHttp.bytes(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"inputs\": \"x\"}"));

        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        assertThat(new JsonObject(reply.body()).getValue("error")).isInstanceOf(String.class);
    }

    @Test
    void withoutComfyUiAllOfItsPathsHaveItsShape() {
        try (TestGateway alone = new TestGateway(TestGateway.CONFIG.withApis(Set.of(Api.HUGGINGFACE)))) {
            assertThat(new JsonObject(alone.fetch("/models/tiny").body()).getValue("error"))
                    .isInstanceOf(String.class);
        }
        assertThat(new JsonObject(gateway.fetch("/models/tiny").body()).getValue("error"))
                .isInstanceOf(JsonObject.class);
    }

    @Test
    void aClusterWithoutModelsIsLoading() {
        for (StageKind kind :
                List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)) {
            gateway.directory.remove(kind);
        }

        HttpResponse<String> response = post("/models/tiny", new JsonObject().put("inputs", "x"));

        assertThat(response.statusCode()).isEqualTo(503);
        JsonObject json = new JsonObject(response.body());
        assertThat(json.getDouble("estimated_time")).isPositive();
        assertThat(json.getString("error")).contains("no live node");
    }

    @Test
    void aClientThatLeavesCancels() {
        gateway.stage.script(Sitting::start);
        CompletableFuture<HttpResponse<String>> answer =
                gateway.http().sendAsync(gateway.post("/models/tiny", "{\"inputs\": \"x\"}"), BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1);

        answer.cancel(true);

        await().untilAsserted(() -> assertThat(gateway.cancels).hasSize(1));
    }

    @Test
    void itCanBeTurnedOff() {
        try (TestGateway without = new TestGateway(TestGateway.CONFIG.withApis(Set.of(Api.OPENAI)))) {
            assertThat(without.send(without.post("/models/tiny", "{\"inputs\": \"x\"}"))
                            .statusCode())
                    .isEqualTo(404);
        }
    }
}
