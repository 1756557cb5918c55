package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** IP-Adapters and their images in requests: in JSON, in forms, on sockets. */
final class IpAdapterFieldsTest {

    private static final byte[] PHOTO = AttachmentsTest.PHOTO;
    private static final String IMAGE = AttachmentsTest.photo();
    private static final IpAdapter PLUS = IpAdapter.newBuilder()
            .setName("plus")
            .setFingerprint("abc")
            .addStages("text-encoder")
            .addStages("denoiser")
            .build();

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        Workflow workflow = TestCards.textToImage(64, 64, 64, 64).toBuilder()
                .setStages(0, TestCards.stage(StageKind.TEXT_ENCODER).addTakes("input/ip_adapters"))
                .build();
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus status = TestGateway.status(kind).build();
            ModelCard tiny = status.getModels(0).getCard();
            ModelCard seeing = tiny.toBuilder()
                    .setId("seeing")
                    .clearWorkflows()
                    .addWorkflows(workflow)
                    .addIpAdapters(PLUS)
                    .build();
            gateway.directory.put(status.toBuilder()
                    .addModels(ModelStatus.newBuilder()
                            .setId("seeing")
                            .addStages(Addresses.name(kind))
                            .setCard(seeing))
                    .build());
        }
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static JsonObject use(String... images) {
        return new JsonObject().put("name", "plus").put("images", new JsonArray(List.of(images)));
    }

    private static JsonObject request(JsonObject... uses) {
        return new JsonObject()
                .put("model", "seeing")
                .put("prompt", "a red apple")
                .put("ip_adapters", new JsonArray(List.of(uses)));
    }

    private Sitting only() {
        assertThat(gateway.stage.sittings()).hasSize(1);
        return gateway.stage.sittings().get(0);
    }

    private void requireSeen(Sitting sitting, String... names) {
        assertThat(sitting.tensors).extracting(tensor -> tensor.name()).containsExactlyInAnyOrder(names);
        sitting.tensors.forEach(tensor -> assertThat(tensor.toBytes()).isEqualTo(PHOTO));
    }

    @Test
    void aRequestNamesAdaptersAndBringsTheirImages() {
        HttpResponse<String> response = gateway.generate(
                request(use(IMAGE, "data:image/png;base64," + IMAGE).put("scale", 0.6), use(IMAGE)));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Sitting sitting = only();
        assertThat(sitting.task.getGeneration().getIpAdaptersList())
                .containsExactly(
                        PLUS.toBuilder().setScale(0.6f).setImages(2).build(),
                        PLUS.toBuilder().setScale(1).setImages(1).build());
        requireSeen(sitting, "input/ip_adapters/0/0", "input/ip_adapters/0/1", "input/ip_adapters/1/0");
        assertThat(new JsonObject(response.body())
                        .getJsonObject("x_weir")
                        .getJsonArray("attachments")
                        .getJsonObject(2)
                        .getString("name"))
                .isEqualTo("ip_adapters/1/0");
    }

    @Test
    void aFormHasTheImagesAsItsFiles() {
        JsonArray uses = new JsonArray().add(use("upload:one", "upload:two"));
        HttpResponse<String> response = form(uses.encode());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        requireSeen(only(), "input/ip_adapters/0/0", "input/ip_adapters/0/1");
        assertThat(form(new JsonArray().add(use("upload:one")).encode()).body())
                .as("a file that no image names is a field")
                .contains("unknown_parameter", "\"param\":\"two\"");
        assertThat(form("no list").body()).contains("ip_adapters is not a JSON array");
    }

    private HttpResponse<String> form(String adapters) {
        Buffer form = Buffer.buffer();
        for (String[] part : new String[][] {{"model", "seeing"}, {"prompt", "a"}, {"ip_adapters", adapters}}) {
            form.appendString(
                    "--edge\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n".formatted(part[0], part[1]));
        }
        for (String file : List.of("one", "two")) {
            form.appendString(
                            "--edge\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
                                    .formatted(file))
                    .appendBytes(PHOTO)
                    .appendString("\r\n");
        }
        return gateway.send(gateway.request("/v1/images/generations")
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.ofByteArray(
                        form.appendString("--edge--\r\n").getBytes()))
                .build());
    }

    @Test
    void aSocketNamesImagesThatItSentBefore() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeBinaryMessage(AttachmentsTest.upload("photo", PHOTO)));
            socket.generate("job", request(use("upload:photo", IMAGE)));
            socket.awaitType("completed");
            requireSeen(only(), "input/ip_adapters/0/0", "input/ip_adapters/0/1");

            socket.generate("other", request(use(IMAGE, "upload:unknown")));
            await().until(() -> socket.events("error").size() == 1);
            assertThat(socket.events("error").get(0).encode())
                    .contains("unknown_upload", "ip_adapters[0].images[1] names no image that this socket has sent");
        }
    }

    @Test
    void whatIsWrongIsNamed() {
        refused(
                request(use(IMAGE).put("name", "other")),
                "unknown_ip_adapter",
                "ip_adapters[0].name",
                "there are plus");
        refused(
                request(use(IMAGE)).put("model", "tiny"),
                "unknown_ip_adapter",
                "ip_adapters[0].name",
                "is no IP-Adapter that a node has for the model tiny; there are none");
        refused(request(use(IMAGE), use("no base64!")), "invalid_image", "ip_adapters[1].images[0]", "base64");
        refused(request(use()), "missing_required_parameter", "ip_adapters[0].images", "is required");
        refused(
                request(use(IMAGE, IMAGE, IMAGE, IMAGE, IMAGE)),
                "out_of_range",
                "ip_adapters[0].images",
                "has 5 entries, and at most 4 are allowed");
        refused(request(use(IMAGE).put("scale", 2.5)), "out_of_range", "ip_adapters[0].scale", "from 0 to 2");
        refused(
                request(use(IMAGE).put("images", new JsonArray().add(3))),
                "invalid_type",
                "ip_adapters[0].images[0]",
                "must be an image");
        refused(request(use(IMAGE).put("images", IMAGE)), "invalid_type", "ip_adapters[0].images", "an array");
        refused(request().put("ip_adapters", use(IMAGE)), "invalid_type", "ip_adapters", "an array of objects");
    }

    private void refused(JsonObject body, String code, String param, String inMessage) {
        JsonObject error = new JsonObject(gateway.generate(body).body()).getJsonObject("error");
        assertThat(error.getString("code")).as(error.encode()).isEqualTo(code);
        assertThat(error.getString("param")).isEqualTo(param);
        assertThat(error.getString("message")).contains(inMessage);
    }

    @Test
    void aModelListsItsAdapters() {
        assertThat(new JsonObject(gateway.fetch("/v1/models/seeing").body()).getJsonArray("ip_adapters"))
                .containsExactly("plus");
    }
}
