package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Graphs of ComfyUI that decode the latents of a sampler, scale the pictures, encode them and sample again. */
final class ComfyPixelPassesTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(1);
            sitting.finish(ComfyTest.PNG);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static JsonObject graph() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "5").put("width", 32).put("batch_size", 2);
        graph.put("10", node("ImageScaleBy", "image", link("8", 0), "upscale_method", "bicubic", "scale_by", 1.8));
        graph.put("14", node("VAEEncode", "pixels", link("10", 0), "vae", link("4", 2)));
        graph.put("11", graph.getJsonObject("3").copy());
        inputs(graph, "11").put("latent_image", link("14", 0)).put("denoise", 0.5);
        graph.put("13", node("VAEDecode", "samples", link("11", 0), "vae", link("4", 2)));
        graph.put("12", node("SaveImage", "filename_prefix", "hires", "images", link("13", 0)));
        return graph;
    }

    private List<Generation> passes(boolean second) {
        return gateway.stage.sittings().stream()
                .map((Sitting sitting) -> sitting.task.getGeneration())
                .filter(generation -> generation.hasStrength() == second)
                .toList();
    }

    @Test
    void theSecondSamplerBeginsWithThePicturesOfTheFirst() {
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            ComfyClient.prompt(gateway, graph(), "me", "mine");
            client.awaitEnd("mine");

            assertThat(client.of("execution_error")).isEmpty();
            assertThat(passes(false)).hasSize(2).noneMatch(Generation::getKeepsLatent);
            assertThat(passes(true)).hasSize(2).allSatisfy(second -> {
                assertThat(second.getLatentResize()).isEmpty();
                assertThat(second.getAttachmentsList()).extracting("name").containsExactly("init_image");
                assertThat(ComfyPrompts.steps(second.getInitResizing())).isEqualTo("bicubic 58x58, 1,1 56x56 -");
                assertThat(second.getInitResizing().getOnNumbers()).isTrue();
                assertThat(second.getWidth()).isEqualTo(56);
                assertThat((int) (second.getSteps() * second.getStrength())).isEqualTo(4);
            });
            assertThat(passes(true))
                    .extracting(Generation::getNoise)
                    .containsExactlyInAnyOrder("comfyui:0:2", "comfyui:1:2");
            assertThat(client.of("executing"))
                    .extracting(data -> data.getString("node"))
                    .containsExactly("4", "6", "7", "5", "3", "8", "9", "10", "14", "11", "13", "12", null);
        }
    }

    @Test
    void scaledPicturesOfASamplerAreSaved() {
        JsonObject graph = graph();
        graph.remove("9");
        inputs(graph, "12").put("images", link("10", 0));

        Generation made = prompts.made(graph);

        assertThat(ComfyPrompts.steps(made.getFinishing())).isEqualTo("bicubic 58x58");
        assertThat(made.getFinishing().getOnNumbers()).isTrue();
        assertThat(made.getUpscalersList()).isEmpty();
    }

    @Test
    void anEndThatShowsThePicturesInAnotherSizeIsLeftOut() {
        JsonObject graph = graph();
        inputs(graph, "12").put("images", link("10", 0));
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            JsonObject answer = new JsonObject(
                    ComfyClient.prompt(gateway, graph, "me", "mine").body());
            client.awaitEnd("mine");

            assertThat(answer.getJsonObject("node_errors").getJsonObject("12").encode())
                    .contains("in another size than another node");
            assertThat(passes(false)).hasSize(2).noneMatch(Generation::hasFinishing);
        }
    }

    @Test
    void aPictureThatTheSafetyCheckerHasMadeBlackBeginsNothing() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finishFlagged();
        });
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            ComfyClient.prompt(gateway, graph(), "me", "mine");
            client.awaitEnd("mine");

            assertThat(client.of("execution_error").get(0).getString("exception_type"))
                    .isEqualTo("image_flagged");
            assertThat(passes(true)).isEmpty();
        }
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        byte[] file = ComfyPrompts.png(64, 64, BufferedImage.TYPE_INT_RGB);
        ComfyClient.upload(gateway, "/upload/image", "mask.png", file, Map.of());
        JsonObject masked = graph();
        masked.remove("9");
        masked.put("20", node("LoadImageMask", "image", "mask.png", "channel", "red"));
        masked.put("21", node("SetLatentNoiseMask", "samples", link("14", 0), "mask", link("20", 0)));
        inputs(masked, "11").put("latent_image", link("21", 0));
        prompts.refused(masked, "11", "masks are computed for uploads only");

        assertThat(gateway.stage.sittings()).isEmpty();
    }
}
