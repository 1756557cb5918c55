package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Upscaler;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A model of clouds of points, without text and with one number of steps, in all APIs. */
final class PointCloudsTest {

    static final String ID = "chair";

    private static final int STEPS = 1000;
    private static final byte[] PLY = "ply\nformat binary".getBytes(StandardCharsets.US_ASCII);
    private static final ModelCard CARD = TestGateway.CARD.toBuilder()
            .setId(ID)
            .clearWorkflows()
            .addWorkflows(TestCards.withoutText(
                    Field.newBuilder().setName("output_format").build()))
            .clearSamplers()
            .addSamplers(TestCards.sampler("pvd").setLeastSteps(STEPS).setMostSteps(STEPS))
            .setDefaultSampler("pvd")
            .setDefaultSteps(STEPS)
            .setMaxSteps(STEPS)
            .addUpscalers(Upscaler.newBuilder().setName("x4plus").setScale(4))
            .build();

    private final TestGateway gateway = new TestGateway();

    /** Besides the model that the gateway has. */
    static void serve(TestGateway gateway) {
        for (StageKind kind : List.of(StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            status.addModels(ModelStatus.newBuilder()
                    .setId(ID)
                    .addStages(Addresses.name(kind))
                    .setCard(CARD));
            gateway.directory.put(status.build());
        }
    }

    @BeforeEach
    void open() {
        serve(gateway);
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(PLY);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static JsonObject points() {
        return new JsonObject().put("model", ID).put("output_format", "ply");
    }

    private Generation only() {
        assertThat(gateway.stage.sittings()).hasSize(1);
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @Test
    void pointsAreAskedForWithoutAPrompt() {
        HttpResponse<String> response = gateway.generate(points().put("n", 2));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonObject answer = new JsonObject(response.body());
        assertThat(answer.getString("output_format")).isEqualTo("ply");
        JsonArray data = answer.getJsonArray("data");
        assertThat(data).hasSize(2);
        assertThat(Base64.getDecoder().decode(data.getJsonObject(1).getString("b64_json")))
                .isEqualTo(PLY);
        Generation asked = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(List.of(asked.getOutputFormat(), asked.getSampler())).containsExactly("ply", "pvd");
        assertThat(asked.getSteps()).isEqualTo(STEPS);
    }

    @Test
    void aJobsFileHasItsMediaType() {
        String id = new JsonObject(gateway.send(gateway.post("/v1/jobs", points().encode()))
                        .body())
                .getString("id");
        await().untilAsserted(() -> {
            HttpResponse<String> file = gateway.fetch("/v1/jobs/%s/images/0".formatted(id));
            assertThat(file.statusCode()).as(file.body()).isEqualTo(200);
            assertThat(file.headers().firstValue("Content-Type")).contains("model/ply");
            assertThat(file.body()).startsWith("ply\n");
        });
    }

    @Test
    void theListOfModelsSaysTheFormatsAndTheSteps() {
        JsonObject model = new JsonObject(gateway.fetch("/v1/models").body())
                .getJsonArray("data").stream()
                        .map(JsonObject.class::cast)
                        .filter(one -> one.getString("id").equals(ID))
                        .findFirst()
                        .orElseThrow();
        JsonObject field = model.getJsonArray("workflows")
                .getJsonObject(0)
                .getJsonArray("fields")
                .getJsonObject(0);
        assertThat(field.getString("name")).isEqualTo("output_format");
        assertThat(field.getJsonArray("values")).containsExactly("png", "jpeg", "webp", "ply");
        assertThat(model.getJsonArray("sampler_choices").getJsonObject(0).getInteger("min_steps"))
                .isEqualTo(STEPS);
    }

    @Test
    void whatTheModelDoesNotTakeIsRefusedBeforeAJobIsMade() {
        refused(points().put("num_inference_steps", 20), "num_inference_steps", "must be 1000, not 20");
        refused(points().put("prompt", "a chair"), "prompt", "is not taken by \"chair\"");
        refused(points().put("guidance_scale", 3), "guidance_scale", "is not taken by \"chair\"");
        refused(points().put("upscaler", "x4plus"), "output_format", "an upscaler makes pictures larger");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void modelsOfPicturesMakeNoPoints() {
        JsonObject picture = new JsonObject()
                .put("model", TestGateway.CARD.getId())
                .put("prompt", "a chair")
                .put("output_format", "ply");
        refused(picture, "output_format", "\"tiny\" makes no clouds of points");
        JsonObject upscale = new JsonObject()
                .put("model", ID)
                .put("upscaler", "x4plus")
                .put("image", AttachmentsTest.base64(AttachmentsTest.PHOTO))
                .put("output_format", "ply");
        HttpResponse<String> enlarged = gateway.send(gateway.post("/v1/images/upscales", upscale.encode()));
        assertThat(enlarged.statusCode()).as(enlarged.body()).isEqualTo(400);
        assertThat(enlarged.body()).contains("\"param\":\"output_format\"", "must be png, jpeg or webp");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    private void refused(JsonObject request, String field, String inMessage) {
        for (String path : List.of("/v1/images/generations", "/v1/jobs")) {
            HttpResponse<String> response = gateway.send(gateway.post(path, request.encode()));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
            JsonObject error = new JsonObject(response.body()).getJsonObject("error");
            assertThat(error.getString("param")).as(error.encode()).isEqualTo(field);
            assertThat(error.getString("message")).contains(inMessage);
        }
    }

    @Test
    void replicatesClientsAreToldTheFormatsAndGetTheFile() {
        JsonObject version = new JsonObject(
                gateway.fetch("/v1/models/weir/chair/versions/chair").body());
        JsonObject input = version.getJsonObject("openapi_schema")
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject("Input");
        assertThat(input.getJsonArray("required")).isEmpty();
        for (String only : List.of("width", "height", "num_inference_steps")) {
            JsonObject number = input.getJsonObject("properties").getJsonObject(only);
            int value = only.equals("num_inference_steps") ? STEPS : 64;
            assertThat(List.of(number.getInteger("minimum"), number.getInteger("maximum")))
                    .as(only)
                    .containsOnly(value);
        }
        assertThat(input.getJsonObject("properties")
                        .getJsonObject("output_format")
                        .getJsonArray("enum"))
                .contains("png", "ply");

        JsonObject prediction =
                new JsonObject().put("version", ID).put("input", new JsonObject().put("output_format", "ply"));
        HttpResponse<String> made = gateway.send(gateway.request("/v1/predictions")
                .header("Content-Type", "application/json")
                .header("Prefer", "wait")
                .POST(BodyPublishers.ofString(prediction.encode()))
                .build());
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        assertThat(only().getOutputFormat()).isEqualTo("ply");
    }

    @Test
    void theOtherApisMakePicturesOfIt() {
        JsonObject small = new JsonObject()
                .put("steps", 20)
                .put("override_settings", new JsonObject().put("sd_model_checkpoint", ID));
        HttpResponse<String> refused = gateway.send(gateway.post("/sdapi/v1/txt2img", small.encode()));
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
        assertThat(refused.body()).contains("must be 1000, not 20");
        HttpResponse<String> picture = gateway.send(
                gateway.post("/models/chair", new JsonObject().put("inputs", "").encode()));
        assertThat(picture.statusCode()).as(picture.body()).isEqualTo(200);
        assertThat(only().getOutputFormat()).isEqualTo("png");
        assertThat(gateway.fetch("/object_info").body()).doesNotContain(ID);
    }
}
