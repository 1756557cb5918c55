package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that requests bring: in which forms they come, how far they go, and what they outlive. */
@Execution(ExecutionMode.CONCURRENT)
final class AttachmentsTest {

    static final byte[] PHOTO = file("png", 40, 30);
    private static final byte[] MASK = file("png", 40, 31);

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "data:image/png;base64,", "data:image/png;name=a.png;base64,"})
    void anImageComesAsBase64OrDataUrl(String prefix) {
        HttpResponse<String> response =
                gateway.generate(request().put("strength", 0.5).put("init_image", prefix + base64(PHOTO)));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Sitting sitting = only();
        assertThat(input(sitting, "input/init_image")).isEqualTo(PHOTO);
        assertThat(sitting.task.getGeneration().getAttachments(0).getWidth()).isEqualTo(40);
        assertThat(sitting.task.getGeneration().getAttachments(0).getHeight()).isEqualTo(30);
        assertThat(sitting.task.getRouteList()).extracting(Stage::getForwards).containsExactly(1, 2, 1);
        assertThat(sitting.task.getRoute(1).getSampling().getStrength()).isEqualTo(0.5);
        JsonObject said = new JsonObject(response.body()).getJsonObject("x_weir");
        assertThat(said.getString("workflow")).isEqualTo("image_to_image");
        assertThat(said.getDouble("strength")).isEqualTo(0.5);
        JsonObject file = said.getJsonArray("attachments").getJsonObject(0);
        assertThat(file.getString("name")).isEqualTo("init_image");
        assertThat(file.getString("sha256")).isEqualTo(sha256(PHOTO));
        assertThat(sitting.task.toString())
                .as("the file travels beside the task, once")
                .doesNotContain("IHDR");
    }

    @Test
    void whatIsSaidOfTheMaskTravelsWithTheTask() {
        JsonObject body = request().put("init_image", base64(PHOTO)).put("mask", base64(PHOTO));
        JsonObject part =
                body.copy().put("mask_blur", 2.5).put("padding_mask_crop", 32).put("masked_content", "noise");

        assertThat(gateway.generate(part).statusCode()).isEqualTo(200);
        assertThat(gateway.generate(body).statusCode()).isEqualTo(200);

        Generation painted = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(painted.getMaskBlur()).isEqualTo(2.5);
        assertThat(painted.getPaddingMaskCrop()).isEqualTo(32);
        assertThat(painted.getMaskedContent()).isEqualTo("noise");
        assertThat(painted.getWidth())
                .as("a part is painted at the model's own size")
                .isEqualTo(64);
        Generation whole = gateway.stage.sittings().get(1).task.getGeneration();
        assertThat(whole.hasMaskBlur()).isFalse();
        assertThat(whole.hasPaddingMaskCrop()).isFalse();
        assertThat(whole.getMaskedContent()).isEmpty();
        refused("mask_blur", 65, "out_of_range", "64");
        refused("padding_mask_crop", -1, "out_of_range", "4096");
        refused("masked_content", "smear", "invalid_value", "original, fill, noise, nothing");
        assertThat(gateway.generate(part.copy().put("mask", base64(MASK))).body())
                .contains("mask has 40x31 pixels", "as large as init_image, 40x30");
        assertThat(gateway.generate(request().put("mask_blur", 1)).body())
                .contains("missing_required_parameter", "init_image");
    }

    @Test
    void otherRequestsMakeTheirPicturesFromNoise() {
        assertThat(gateway.generate(request()).statusCode()).isEqualTo(200);

        assertThat(only().tensors).isEmpty();
    }

    @Test
    void whatIsNoImageOrTooLargeIsRefusedByName() {
        refused("init_image", "no base64!", "invalid_image", "base64");
        refused(
                "init_image",
                base64("GIF89a, not one of those".getBytes(StandardCharsets.UTF_8)),
                "invalid_image",
                "PNG");
        refused("init_image", base64(bomb(100_000, 100_000)), "image_too_large", "100000 x 100000 pixels");
        refused("mask", base64(new byte[(16 << 20) + 1]), "image_too_large", "16777216 bytes");
        JsonObject alone = request().put("mask", base64(MASK));
        assertThat(gateway.generate(alone).body()).contains("missing_required_parameter", "init_image");
        JsonObject still = request().put("init_image", base64(PHOTO)).put("strength", 0.1);
        assertThat(gateway.generate(still).body()).contains("strength leaves no step of 4");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"image", "image[]"})
    void openAiLibrariesEditAnImage(String field) {
        HttpResponse<String> response = post(
                "/v1/images/edits",
                new Part("prompt", "12"),
                new Part("n", "2"),
                new Part("size", "64x64"),
                new Part("input_fidelity", "high"),
                new Part(field, PHOTO),
                new Part("mask", MASK));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getJsonArray("data")).hasSize(2);
        Sitting sitting = gateway.stage.sittings().get(0);
        assertThat(sitting.task.getGeneration().getPrompt()).isEqualTo("12");
        assertThat(input(sitting, "input/init_image")).isEqualTo(PHOTO);
        assertThat(input(sitting, "input/mask")).isEqualTo(MASK);
    }

    @Test
    void aStreamedEditNamesItsEventsAsSuch() {
        HttpResponse<String> response =
                post("/v1/images/edits", new Part("prompt", "a"), new Part("stream", "true"), new Part("image", PHOTO));

        assertThat(response.body()).contains("event: image_edit.completed").contains("[DONE]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"image", "image[]"})
    void oneImageIsEditedAndSeveralAreRefused(String second) {
        HttpResponse<String> response = post(
                "/v1/images/edits",
                new Part("prompt", "a"),
                new Part("image[]", PHOTO),
                new Part("mask", PHOTO),
                new Part(second, MASK));

        assertThat(response.statusCode()).isEqualTo(400);
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.getString("param")).startsWith("image");
        assertThat(error.getString("message")).contains("one image");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    /** A photo from a phone that was held upright is stored lying, and says so. */
    @Test
    void theSizeOfATurnedPhotoIsThatOfTheUprightPicture() {
        byte[] lying = file("jpg", 64, 32);
        Buffer photo = Buffer.buffer().appendBytes(lying, 0, 2).appendInt(0xFFE10022);
        photo.appendString("Exif\0\0MM\0*").appendInt(8).appendShort((short) 1).appendInt(0x01120003);
        photo.appendInt(1).appendInt(6 << 16).appendInt(0).appendBytes(lying, 2, lying.length - 2);

        assertThat(gateway.generate(request().put("init_image", base64(photo.getBytes())))
                        .statusCode())
                .isEqualTo(200);

        Generation generation = only().task.getGeneration();
        assertThat(List.of(generation.getWidth(), generation.getHeight())).containsExactly(32, 64);
    }

    @Test
    void variationsNeedAnImageAlone() {
        HttpResponse<String> response = post("/v1/images/variations", new Part("image", PHOTO));
        HttpResponse<String> without = post("/v1/images/variations", new Part("n", "1"));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(input(only(), "input/init_image")).isEqualTo(PHOTO);
        assertThat(without.body()).contains("missing_required_parameter", "image");
    }

    @Test
    void aFormWithTheSameKeyIsTheSameRequestWhateverItsBoundary() {
        Part prompt = new Part("prompt", "a");
        Part photo = new Part("init_image", PHOTO);

        JsonObject first = new JsonObject(keyed("one", prompt, photo).body());
        JsonObject again = new JsonObject(keyed("two", prompt, photo).body());
        HttpResponse<String> other = keyed("three", prompt, new Part("init_image", MASK));

        assertThat(again.getString("id")).isEqualTo(first.getString("id"));
        assertThat(other.statusCode()).isEqualTo(409);
    }

    @Test
    void aSocketSendsImagesAsBinaryMessages() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeBinaryMessage(upload("photo", PHOTO)));
            socket.generate("job", new JsonObject().put("init_image", "upload:photo"));
            socket.awaitType("completed");
            assertThat(input(only(), "input/init_image")).isEqualTo(PHOTO);

            socket.generate("other", new JsonObject().put("init_image", "upload:unknown"));
            TestGateway.get(socket.socket.writeBinaryMessage(Buffer.buffer("no header")));
            await().until(() -> socket.events("error").size() == 2);
            assertThat(socket.events("error"))
                    .extracting(event -> event.getJsonObject("error").getString("code"))
                    .containsExactly("unknown_upload", "invalid_upload");
        }
    }

    @Test
    void aCommandWithTheSameKeyIsTheSameRequestOnlyWithTheSameFile() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            JsonObject keyed =
                    new JsonObject().put("init_image", "upload:photo").put("idempotency_key", "key");
            for (byte[] file : List.of(PHOTO, PHOTO, MASK)) {
                int answers = socket.events("attached").size() + 1;
                TestGateway.get(socket.socket.writeBinaryMessage(upload("photo", file)));
                socket.generate("job", keyed.copy());
                await().until(() -> socket.events("attached").size() == answers
                        || !socket.events("error").isEmpty());
                await().until(() -> socket.events("completed").size()
                        == socket.events("attached").size());
            }

            assertThat(socket.events("attached"))
                    .as("the same file twice")
                    .extracting(event -> event.getString("job"))
                    .hasSize(2)
                    .containsOnly(socket.events("attached").get(0).getString("job"));
            assertThat(socket.events("error")).singleElement().satisfies(error -> assertThat(error.encode())
                    .contains("idempotency_key"));
            assertThat(gateway.stage.sittings()).hasSize(1);
        }
    }

    @Test
    void aNewAttemptHasTheImageOnlyWhileAStageStillReadsIt() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.start();
                sitting.handBack(ResumingTest.snapshot(1, 2));
            } else if (sitting.task.getRef().getAttempt() == 2) {
                sitting.handBack(ResumingTest.snapshot(2, 0));
            } else {
                sitting.finish();
            }
        });

        assertThat(gateway.generate(request().put("init_image", base64(PHOTO))).statusCode())
                .isEqualTo(200);

        List<Sitting> sittings = gateway.stage.sittings();
        assertThat(input(sittings.get(1), "input/init_image")).isEqualTo(PHOTO);
        assertThat(sittings.get(2).tensors).extracting(Tensor::name).containsExactly("checkpoint.given.latent");
    }

    @Test
    void theImageSurvivesItsGateway() {
        TestGateway other = gateway.beside(TestGateway.CONFIG);
        gateway.stage.script(Sitting::start);
        HttpResponse<String> accepted = gateway.send(gateway.post(
                "/v1/jobs", request().put("init_image", base64(PHOTO)).encode()));
        String path = "/v1/jobs/" + new JsonObject(accepted.body()).getString("id");
        await().until(() -> gateway.stage.sittings().size() == 1);
        gateway.stop();

        await().until(() -> gateway.stage.sittings().size() == 2);
        Sitting again = gateway.stage.sittings().get(1);
        assertThat(input(again, "input/init_image")).isEqualTo(PHOTO);
        again.paint();
        await().until(() ->
                new JsonObject(other.fetch(path).body()).getString("status").equals("completed"));
    }

    /** In base64. */
    static String photo() {
        return base64(PHOTO);
    }

    static JsonObject request() {
        return new JsonObject().put("prompt", "a red apple");
    }

    private Sitting only() {
        assertThat(gateway.stage.sittings()).hasSize(1);
        return gateway.stage.sittings().get(0);
    }

    private static byte[] input(Sitting sitting, String name) {
        return sitting.tensors.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow()
                .toBytes();
    }

    private void refused(String field, Object value, String code, String inMessage) {
        JsonObject body = request().put("init_image", base64(PHOTO)).put(field, value);
        JsonObject error = new JsonObject(gateway.generate(body).body()).getJsonObject("error");
        assertThat(error.getString("code")).as(error.encode()).isEqualTo(code);
        assertThat(error.getString("param")).isEqualTo(field);
        assertThat(error.getString("message")).contains(inMessage);
    }

    /** A part of a form: a text, or a file. */
    private record Part(String name, byte[] value, boolean isFile) {
        Part(String name, String text) {
            this(name, text.getBytes(StandardCharsets.UTF_8), false);
        }

        Part(String name, byte[] file) {
            this(name, file, true);
        }
    }

    private HttpResponse<String> post(String path, Part... parts) {
        return gateway.send(gateway.request(path)
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.ofByteArray(form("edge", parts)))
                .build());
    }

    private HttpResponse<String> keyed(String boundary, Part... parts) {
        return gateway.send(gateway.request("/v1/jobs")
                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                .header("Idempotency-Key", "key")
                .POST(BodyPublishers.ofByteArray(form(boundary, parts)))
                .build());
    }

    private static byte[] form(String boundary, Part... parts) {
        Buffer form = Buffer.buffer();
        for (Part part : parts) {
            form.appendString("--%s\r\nContent-Disposition: form-data; name=\"%s\"".formatted(boundary, part.name));
            form.appendString(part.isFile ? "; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" : "\r\n\r\n");
            form.appendBytes(part.value).appendString("\r\n");
        }
        return form.appendString("--%s--\r\n".formatted(boundary)).getBytes();
    }

    static Buffer upload(String name, byte[] file) {
        Buffer header = new JsonObject().put("upload", name).toBuffer();
        return Buffer.buffer().appendInt(header.length()).appendBuffer(header).appendBytes(file);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static byte[] file(String format, int width, int height) {
        return file(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), format);
    }

    static byte[] file(BufferedImage image, String format) {
        try {
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            ImageIO.write(image, format, file);
            return file.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A small file that says that it is large. */
    private static byte[] bomb(int width, int height) {
        Buffer bomb = Buffer.buffer(file("png", 1, 1)).setInt(16, width).setInt(20, height);
        CRC32 sum = new CRC32();
        sum.update(bomb.getBytes(12, 29));
        return bomb.setInt(29, (int) sum.getValue()).getBytes();
    }
}
