package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** ControlNets that requests name: in which forms their images come, and how far these go. */
final class ControlNetsTest {

    private static final ControlNet EDGES = ControlNet.newBuilder()
            .setName("edges")
            .setFingerprint("abc")
            .setStage("denoiser")
            .build();
    private static final ControlNet SKETCH = ControlNet.newBuilder()
            .setName("sketch")
            .setFingerprint("def")
            .setStage("denoiser")
            .setT2IAdapter(true)
            .build();
    private static final String FIRST = "controlnets[0].image";

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("steered")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder()
                                .setId("steered")
                                .addControlnets(EDGES)
                                .addControlnets(SKETCH)))
                .build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void anImageInItsEntryGoesToTheStageThatItSteers() {
        JsonObject whole = edges().put("scale", 0.5)
                .put("start", 0.1)
                .put("end", 0.6)
                .put("preprocess", "canny")
                .put("guess", true);

        HttpResponse<String> response = gateway.generate(request(edges(), whole));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Sitting sitting = last();
        assertThat(sitting.task.getGeneration().getControlsList())
                .containsExactly(
                        Control.newBuilder()
                                .setNet(EDGES)
                                .setImage(FIRST)
                                .setPreprocess("none")
                                .setScale(1)
                                .setEnd(1)
                                .build(),
                        Control.newBuilder()
                                .setNet(EDGES)
                                .setImage("controlnets[1].image")
                                .setPreprocess("canny")
                                .setScale(0.5f)
                                .setStart(0.1)
                                .setEnd(0.6)
                                .setGuess(true)
                                .build());
        assertThat(sitting.task.getRoute(0).getTakesList()).doesNotContain("input/" + FIRST);
        assertThat(sitting.task.getRoute(1).getTakesList()).contains("input/" + FIRST, "input/controlnets[1].image");
        assertThat(input(sitting)).isEqualTo(AttachmentsTest.PHOTO);
        assertThat(sitting.task.toString())
                .as("the file travels beside the task, once")
                .doesNotContain("IHDR");
        assertThat(new JsonObject(response.body())
                        .getJsonObject("x_weir")
                        .getJsonArray("attachments")
                        .getJsonObject(0)
                        .getString("name"))
                .isEqualTo(FIRST);
    }

    @Test
    void aT2iAdapterIsNamedAsAControlNetIs() {
        HttpResponse<String> response =
                gateway.generate(request(edges().put("name", "sketch").put("end", 0.5)));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Control control = last().task.getGeneration().getControls(0);
        assertThat(control.getNet()).isEqualTo(SKETCH);
        assertThat(control.getEnd()).isEqualTo(0.5);
        assertThat(input(last())).isEqualTo(AttachmentsTest.PHOTO);
        assertThat(gateway.fetch("/v1/models/steered").body()).contains("\"sketch\"");
    }

    @Test
    void theSizeIsThatOfTheFirstImageWhereTheRequestSaysNone() {
        assertThat(gateway.generate(request(edges())).statusCode()).isEqualTo(200);
        Generation own = last().task.getGeneration();
        assertThat(gateway.generate(request(edges()).put("size", "64x64")).statusCode())
                .isEqualTo(200);
        Generation asked = last().task.getGeneration();

        assertThat(List.of(own.getWidth(), own.getHeight())).containsExactly(40, 32);
        assertThat(List.of(asked.getWidth(), asked.getHeight())).containsExactly(64, 64);
    }

    @Test
    void aFormHasTheImagesAsFiles() {
        JsonArray entries = new JsonArray().add(new JsonObject().put("name", "edges"));
        HttpResponse<String> response = form(entries.encode(), FIRST);
        HttpResponse<String> astray = form(entries.encode(), "controlnets[1].image");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(input(last())).isEqualTo(AttachmentsTest.PHOTO);
        assertThat(astray.body()).contains("controlnets[0].image is required");
        assertThat(form("edges", FIRST).body()).contains("controlnets is not a JSON array");
    }

    private HttpResponse<String> form(String entries, String image) {
        String form = "--edge\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n";
        String body = form.formatted("prompt", "a")
                + form.formatted("model", "steered")
                + form.formatted("controlnets", entries)
                + form.formatted(image, AttachmentsTest.photo())
                + "--edge--\r\n";
        return gateway.send(gateway.request("/v1/images/generations")
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.ofString(body))
                .build());
    }

    @Test
    void aSocketNamesImagesThatItHasSent() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeBinaryMessage(AttachmentsTest.upload("photo", AttachmentsTest.PHOTO)));
            socket.generate("job", request(edges().put("image", "upload:photo")));
            socket.awaitType("completed");
            assertThat(input(last())).isEqualTo(AttachmentsTest.PHOTO);

            socket.generate("other", request(edges().put("image", "upload:unknown")));
            socket.awaitType("error");
            assertThat(socket.events("error").get(0).getJsonObject("error").getString("param"))
                    .isEqualTo(FIRST);
        }
    }

    @Test
    void aNewAttemptHasTheImageInTheMiddleOfItsRun() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.start();
                sitting.handBack(ResumingTest.snapshot(1, 2));
            } else {
                sitting.finish();
            }
        });

        assertThat(gateway.generate(request(edges())).statusCode()).isEqualTo(200);

        Sitting second = last();
        assertThat(second.task.getRef().getAttempt()).isEqualTo(2);
        assertThat(second.task.getResume().getStep()).isEqualTo(2);
        assertThat(input(second)).isEqualTo(AttachmentsTest.PHOTO);
    }

    @Test
    void whatIsWrongIsNamed() {
        refused(
                request(edges().put("name", "faces")),
                "unknown_controlnet",
                "controlnets[0].name",
                "there are edges, sketch");
        refused(
                request(edges().put("name", "sketch").put("guess", true)),
                "invalid_value",
                "controlnets[0].guess",
                "guess mode is for ControlNets, and \"sketch\" is a T2I-Adapter");
        refused(request(edges()).put("model", "tiny"), "unknown_controlnet", "controlnets[0].name", "there are none");
        refused(
                request(edges(), new JsonObject().put("name", "edges")),
                "missing_required_parameter",
                "controlnets[1].image",
                "required");
        refused(request(edges().put("image", "no base64!")), "invalid_image", FIRST, "base64");
        refused(request(edges().put("scale", 11)), "out_of_range", "controlnets[0].scale", "to 10");
        refused(request(edges().put("start", 0.5).put("end", 0.5)), "invalid_value", "controlnets[0].start", "less");
        refused(
                request(edges().put("preprocess", "openpose")),
                "invalid_value",
                "controlnets[0].preprocess",
                "none, canny, blur, invert");
        refused(request(edges().put("weight", 1)), "unknown_parameter", "controlnets[0].weight", "scale");
        refused(request().put("controlnets", edges()), "invalid_type", "controlnets", "array of objects");
        refused(
                request(edges()).put("controlnets[2].image", AttachmentsTest.photo()),
                "unknown_parameter",
                "controlnets[2].image",
                "not there");
        JsonArray many = new JsonArray();
        for (int i = 0; i < 9; i++) {
            many.add(edges());
        }
        refused(request().put("controlnets", many), "out_of_range", "controlnets", "at most 3");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    private void refused(JsonObject body, String code, String param, String inMessage) {
        JsonObject error = new JsonObject(gateway.generate(body).body()).getJsonObject("error");
        assertThat(error.getString("code")).as(error.encode()).isEqualTo(code);
        assertThat(error.getString("param")).isEqualTo(param);
        assertThat(error.getString("message")).contains(inMessage);
    }

    private static JsonObject edges() {
        return new JsonObject().put("name", "edges").put("image", AttachmentsTest.photo());
    }

    private static JsonObject request(JsonObject... entries) {
        return AttachmentsTest.request().put("model", "steered").put("controlnets", new JsonArray(List.of(entries)));
    }

    private Sitting last() {
        List<Sitting> sittings = gateway.stage.sittings();
        return sittings.get(sittings.size() - 1);
    }

    private static byte[] input(Sitting sitting) {
        return sitting.tensors.stream()
                .filter(tensor -> tensor.name().equals("input/" + FIRST))
                .findFirst()
                .orElseThrow()
                .toBytes();
    }
}
