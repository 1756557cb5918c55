package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Models that make nothing without an image: upscalers, and those that want a depth map too. */
final class ImageModelsTest {

    private static final byte[] PHOTO = file(41, 30);
    private static final byte[] MAP = file(20, 20);

    private static final Field INIT_IMAGE =
            Field.newBuilder().setName("init_image").setNeeded(true).build();

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        ModelCard upscaler = card("x4", upscaling());
        ModelCard depth = card("depth", depthToImage());
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            for (ModelCard card : List.of(upscaler, depth)) {
                status.addModels(ModelStatus.newBuilder()
                        .setId(card.getId())
                        .addStages(Addresses.name(kind))
                        .setCard(card));
            }
            gateway.directory.put(status.build());
        }
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void anUpscalersPictureIsFourTimesAsLargeAsItsImage() {
        Sitting sitting = made(upscale());

        assertThat(sitting.task.getRouteList())
                .extracting(stage -> stage.getName() + " " + stage.getWidth() + "x" + stage.getHeight())
                .containsExactly("text-encoder 40x28", "denoiser 160x112", "decoder 160x112");
        assertThat(sitting.task.getGeneration().getNoiseLevel()).isEqualTo(20);
        assertThat(made(upscale().put("noise_level", 0)).task.getGeneration().hasNoiseLevel())
                .isTrue();
        assertThat(made(upscale().put("size", "64x80")).task.getRouteList())
                .extracting(Stage::getHeight)
                .containsExactly(20, 80, 80);
    }

    @Test
    void whatAnUpscalerCannotEnlargeIsRefusedByName() {
        refused(upscale().put("noise_level", 351), "noise_level", "from 0 to 350");
        refused(upscale().put("mask", base64(MAP)), "mask", "is not taken by \"x4\"");
        refused(upscale().put("init_image", base64(file(200, 100))), "init_image", "sides from 16 to 128");
        refused(upscale().put("init_image", base64(file(15, 100))), "init_image", "15x100 pixels");
        refused(request("x4"), "init_image", "required");
        refused(upscale().put("depth_map", base64(MAP)), "depth_map", "is not taken");
        refused(request("tiny").put("depth_map", base64(MAP)), "depth_map", "is not taken by \"tiny\"");
    }

    @Test
    void anUpscalerEditsAnImageAndMakesNoVariations() {
        HttpResponse<String> edited =
                form("/v1/images/edits", Map.of("prompt", "a", "model", "x4"), Map.of("image", PHOTO));
        HttpResponse<String> varied = form("/v1/images/variations", Map.of("model", "x4"), Map.of("image", PHOTO));

        assertThat(edited.statusCode()).as(edited.body()).isEqualTo(200);
        assertThat(only().task.getGeneration().getWidth()).isEqualTo(160);
        assertThat(varied.statusCode()).isEqualTo(400);
        assertThat(varied.body()).contains("\"param\":\"model\"", "no variations", "/v1/images/edits");
    }

    @Test
    void anErrorHasTheNameThatTheClientGaveTheImage() {
        for (String name : List.of("image", "image[]")) {
            HttpResponse<String> refused =
                    form("/v1/images/edits", Map.of("prompt", "a", "model", "x4"), Map.of(name, file(200, 100)));
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body())
                    .contains("\"param\":\"" + name + "\"", "\"message\":\"" + name + " ")
                    .doesNotContain("init_image");
        }
        refused(upscale().put("init_image", base64(file(200, 100))), "init_image", "sides from 16 to 128");
    }

    @Test
    void aDepthMapIsAskedForWithTheReason() {
        JsonObject without = request("depth").put("init_image", base64(PHOTO));

        refused(without, "depth_map", "Weir does not estimate depth");
        for (String path : List.of("/v1/images/edits", "/v1/images/variations")) {
            HttpResponse<String> refused = form(path, Map.of("prompt", "a", "model", "depth"), Map.of("image", PHOTO));
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("missing_required_parameter", "Weir does not estimate depth");
        }
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    /** Larger messages of a socket are closed by Vert.x. */
    @Test
    void anUploadThatIsTooLargeIsRefusedOnAnOpenSocket() {
        byte[] file =
                Arrays.copyOf(PHOTO, GatewayConfig.Limits.DEFAULT.requests().uploadBytes() + 1);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeBinaryMessage(upload("photo", file)));
            socket.generate("job", request("x4").put("init_image", "upload:photo"));
            await().until(() -> socket.events("error").size() == 1);
            assertThat(socket.events("error").get(0).getJsonObject("error").getString("code"))
                    .isEqualTo("image_too_large");
            assertThat(socket.socket.isClosed()).isFalse();
        }
    }

    @Test
    void aDepthMapComesAsBase64InAFormOrOverASocket() {
        Sitting json = made(request("depth").put("init_image", base64(PHOTO)).put("depth_map", base64(MAP)));
        assertThat(input(json, "input/depth_map")).isEqualTo(MAP);
        assertThat(input(json, "input/init_image")).isEqualTo(PHOTO);

        HttpResponse<String> edited = form(
                "/v1/images/edits", Map.of("prompt", "a", "model", "depth"), Map.of("image", PHOTO, "depth_map", MAP));
        assertThat(edited.statusCode()).as(edited.body()).isEqualTo(200);
        assertThat(input(only(), "input/depth_map")).isEqualTo(MAP);

        gateway.stage.sittings().clear();
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeBinaryMessage(upload("photo", PHOTO)));
            TestGateway.get(socket.socket.writeBinaryMessage(upload("map", MAP)));
            socket.generate(
                    "job",
                    new JsonObject()
                            .put("model", "depth")
                            .put("init_image", "upload:photo")
                            .put("depth_map", "upload:map"));
            socket.awaitType("completed");
        }
        assertThat(input(only(), "input/depth_map")).isEqualTo(MAP);
    }

    private static JsonObject request(String model) {
        return new JsonObject().put("prompt", "a red apple").put("model", model);
    }

    private static JsonObject upscale() {
        return request("x4").put("init_image", base64(PHOTO));
    }

    private Sitting made(JsonObject request) {
        gateway.stage.sittings().clear();
        HttpResponse<String> response = gateway.generate(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Sitting sitting = only();
        gateway.stage.sittings().clear();
        return sitting;
    }

    private Sitting only() {
        assertThat(gateway.stage.sittings()).hasSize(1);
        return gateway.stage.sittings().get(0);
    }

    private void refused(JsonObject request, String field, String inMessage) {
        HttpResponse<String> response = gateway.generate(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.getString("param")).as(error.encode()).isEqualTo(field);
        assertThat(error.getString("message")).contains(inMessage);
    }

    private HttpResponse<String> form(String path, Map<String, String> texts, Map<String, byte[]> files) {
        Buffer form = Buffer.buffer();
        texts.forEach((name, text) -> form.appendString(
                "--edge\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n".formatted(name, text)));
        files.forEach((name, file) -> form.appendString(
                        "--edge\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"a.png\"\r\n".formatted(name))
                .appendString("Content-Type: image/png\r\n\r\n")
                .appendBytes(file)
                .appendString("\r\n"));
        return gateway.send(gateway.request(path)
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.ofByteArray(
                        form.appendString("--edge--\r\n").getBytes()))
                .build());
    }

    private static Buffer upload(String name, byte[] file) {
        Buffer header = new JsonObject().put("upload", name).toBuffer();
        return Buffer.buffer().appendInt(header.length()).appendBuffer(header).appendBytes(file);
    }

    private static byte[] input(Sitting sitting, String name) {
        return sitting.tensors.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow()
                .toBytes();
    }

    private static ModelCard card(String id, Workflow workflow) {
        return TestGateway.CARD.toBuilder()
                .setId(id)
                .clearWorkflows()
                .addWorkflows(workflow)
                .build();
    }

    /** Images of 16 to 128 pixels, of which multiples of 4 are enlarged. */
    private static Workflow upscaling() {
        Workflow text = TestCards.textToImage(64, 512, 16, 128);
        return text.toBuilder()
                .setName("upscaling")
                .clearFields()
                .addAllFields(text.getFieldsList().stream()
                        .filter(field -> !field.getName().equals("noise_level"))
                        .toList())
                .addFields(INIT_IMAGE)
                .addFields(TestCards.number("noise_level", 350).toBuilder().setUsual(20))
                .setStages(
                        0,
                        TestCards.stage(StageKind.TEXT_ENCODER)
                                .addTakes("input/init_image")
                                .setReduction(4))
                .build();
    }

    private static Workflow depthToImage() {
        return TestCards.textToImage(32, 64, 8, 64).toBuilder()
                .setName("depth_to_image")
                .addFields(INIT_IMAGE)
                .addFields(Field.newBuilder().setName("depth_map").setNeeded(true))
                .setStages(
                        0,
                        TestCards.stage(StageKind.TEXT_ENCODER)
                                .addTakes("input/init_image")
                                .addTakes("input/depth_map"))
                .build();
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static byte[] file(int width, int height) {
        try {
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", file);
            return file.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
