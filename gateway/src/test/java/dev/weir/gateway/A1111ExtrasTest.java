package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Failed;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code extra-single-image} and {@code extra-batch-images}: pictures are resized as that program does it. */
final class A1111ExtrasTest {

    /** Of 67x40 pixels. */
    private static final String PICTURE =
            Base64.getEncoder().encodeToString(ComfyPrompts.png(67, 40, BufferedImage.TYPE_INT_RGB));

    private final TestGateway gateway = new TestGateway();

    A1111ExtrasTest() {
        gateway.stage.script(sitting -> sitting.finish(AttachmentsTest.PHOTO));
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post("/sdapi/v1/" + path, body.encode()));
    }

    private Resizing resizing(JsonObject asked) {
        HttpResponse<String> response = post("extra-single-image", asked.put("image", PICTURE));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getString("image"))
                .isEqualTo(Base64.getEncoder().encodeToString(AttachmentsTest.PHOTO));
        Task task = gateway.stage.sittings().get(0).task;
        assertThat(task.getRouteList()).singleElement().satisfies(stage -> {
            assertThat(stage.getRole()).isEqualTo(StageRole.DECODE);
            assertThat(stage.getTakesList()).containsExactly("input/init_image");
        });
        return task.getGeneration().getResizing();
    }

    private static Resizing.Step step(String filter, int width, int height) {
        return Resizing.Step.newBuilder()
                .setFilter(filter)
                .setSize(Size.newBuilder().setWidth(width).setHeight(height))
                .build();
    }

    @Test
    void aPictureIsEnlargedByAFactorAndItsSidesAreMultiplesOfEight() {
        Resizing resizing = resizing(new JsonObject().put("upscaler_1", "Nearest"));

        assertThat(resizing.getStepsList()).containsExactly(step("nearest", 134, 80), step("lanczos", 128, 80));
        assertThat(resizing.hasCanvas()).isFalse();
    }

    @Test
    void aPictureIsEnlargedToASizeAndCropped() {
        Resizing resizing = resizing(new JsonObject()
                .put("upscaler_1", "Lanczos")
                .put("resize_mode", 1)
                .put("upscaling_resize_w", 96)
                .put("upscaling_resize_h", 96));

        assertThat(resizing.getStepsList()).containsExactly(step("lanczos", 160, 96));
        assertThat(resizing.getCanvas())
                .isEqualTo(Size.newBuilder().setWidth(96).setHeight(96).build());
    }

    @Test
    void withoutAnUpscalerAPictureStaysAsItIs() {
        assertThat(resizing(new JsonObject().put("upscaling_resize", 4)).getStepsList())
                .isEmpty();
    }

    @Test
    void aSmallerPictureIsMadeByLanczosAlone() {
        assertThat(resizing(new JsonObject().put("upscaler_1", "Nearest").put("upscaling_resize", 0.5))
                        .getStepsList())
                .containsExactly(step("lanczos", 32, 16));
    }

    @Test
    void severalPicturesAreAnsweredInTheirOrder() {
        JsonArray list = new JsonArray();
        for (String name : List.of("a.png", "b.png")) {
            list.add(new JsonObject().put("data", PICTURE).put("name", name));
        }

        HttpResponse<String> response = post(
                "extra-batch-images",
                new JsonObject().put("upscaler_1", "Lanczos").put("imageList", list));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getJsonArray("images")).hasSize(2);
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    /** No network of it runs. */
    @Test
    void aModelThatBeginsWithTextAloneHasADecoderToo() {
        ModelCard.Builder text = TestGateway.CARD.toBuilder().setId("text").clearWorkflows();
        text.addWorkflows(TestGateway.CARD.getWorkflows(0));
        for (StageKind kind :
                List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            gateway.directory.put(status.setModels(
                            0, status.getModels(0).toBuilder().setId("text").setCard(text))
                    .build());
        }

        resizing(new JsonObject().put("upscaler_1", "Lanczos"));

        assertThat(gateway.stage.sittings().get(0).task.getModel()).isEqualTo("text");
    }

    @Test
    void thePicturesOfARequestTogetherAreBounded() {
        JsonObject large = new JsonObject()
                .put("upscaler_1", "Lanczos")
                .put("resize_mode", 1)
                .put("upscaling_resize_w", 64)
                .put("upscaling_resize_h", 2400);
        JsonObject picture = new JsonObject().put("data", PICTURE);
        JsonObject one = large.copy().put("imageList", new JsonArray().add(picture));
        JsonObject two =
                large.copy().put("imageList", new JsonArray().add(picture).add(picture));

        assertThat(post("extra-batch-images", one).statusCode()).isEqualTo(200);
        HttpResponse<String> refused = post("extra-batch-images", two);

        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("upscaling_resize_w", "4016x2400", "at most 8388608 pixels");
        assertThat(gateway.stage.sittings()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "upscaler_1,R-ESRGAN 4x+",
        "gfpgan_visibility,1",
        "extras_upscaler_2_visibility,1",
        "upscaling_resize,17",
        "resize_mode,2",
        "image,AAAA"
    })
    void whatIsNotComputedIsRefusedByName(String field, String value) {
        JsonObject asked = new JsonObject().put("image", PICTURE).put("upscaler_1", "Lanczos");
        asked.put(field, value.matches("\\d+") ? (Object) Integer.valueOf(value) : value);

        HttpResponse<String> response = post("extra-single-image", asked);

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(response.body()).getString("detail")).startsWith(field + " ");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void aFailureIsAnError() {
        gateway.stage.script(sitting -> sitting.tell(
                StageKind.DECODER,
                event -> event.setFailed(
                        Failed.newBuilder().setCode("invalid_image").setMessage("it is broken"))));

        assertThat(post("extra-single-image", new JsonObject().put("image", PICTURE))
                        .body())
                .contains("it is broken");
    }
}
