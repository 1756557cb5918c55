package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Graphs of ComfyUI that scale and crop an uploaded image. The numbers are those of its {@code common_upscale}. */
final class ComfyScalingTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void upload() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        byte[] file = ComfyPrompts.png(80, 41, BufferedImage.TYPE_INT_RGB);
        assertThat(ComfyClient.upload(gateway, "/upload/image", "wide.png", file, Map.of())
                        .statusCode())
                .isEqualTo(200);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static JsonObject graph() {
        JsonObject graph = ComfyPrompts.fromImage(ComfyClient.template(), "wide.png");
        inputs(graph, "3").put("denoise", 0.5);
        return graph;
    }

    private static JsonObject scale(String from, String method, int width, int height, String crop) {
        JsonObject scale = node("ImageScale", "image", link(from, 0), "upscale_method", method, "crop", crop);
        scale.getJsonObject("inputs").put("width", width).put("height", height);
        return scale;
    }

    @Test
    void whatMakesAnImageTooSmallIsNamed() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "lanczos", 64, 64, "disabled"));
        inputs(graph, "12").put("width", 1.5);
        inputs(graph, "11").put("pixels", link("12", 0));
        prompts.refused(graph, "12", "width - makes an image of 1x64; to be encoded, its sides need at least 8 pixels");

        inputs(graph, "12").put("width", 64).put("height", 7);
        prompts.refused(graph, "12", "height - makes an image of 64x7");
    }

    @Test
    void anUploadThatIsScaledCannotBeSaved() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "lanczos", 64, 64, "disabled"));
        inputs(graph, "9").put("images", link("12", 0));
        prompts.refused(graph, "9", "images - is an uploaded image: only pictures of a sampler can be shown and saved");
    }

    @Test
    void anImageIsScaledByAFactor() {
        JsonObject graph = graph();
        graph.put("12", node("ImageScaleBy", "image", link("10", 0), "upscale_method", "lanczos", "scale_by", 0.8));
        inputs(graph, "11").put("pixels", link("12", 0));

        Generation made = prompts.made(graph);

        assertThat(made.getWidth()).isEqualTo(64);
        assertThat(made.getHeight()).as("33 without what VAEEncode cuts off").isEqualTo(32);
        assertThat(ComfyPrompts.steps(made.getInitResizing())).isEqualTo("lanczos 64x33, 0,0 64x32 -");
    }

    @Test
    void everyMethodOfComfyuiIsComputedOnNumbers() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "bicubic", 64, 0, "disabled"));
        graph.put("13", scale("12", "area", 40, 40, "center"));
        graph.put("14", scale("13", "bilinear", 64, 64, "disabled"));
        inputs(graph, "11").put("pixels", link("14", 0));

        Generation made = prompts.made(graph);

        assertThat(made.getInitResizing().getOnNumbers()).isTrue();
        assertThat(ComfyPrompts.steps(made.getInitResizing()))
                .isEqualTo("bicubic 64x33, 16,0 32x33 area 40x40, bilinear 64x64");
    }

    @Test
    void anImageIsScaledAndCroppedInTheStepsOfTheGraph() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "nearest-exact", 64, 64, "center"));
        graph.put("13", scale("12", "lanczos", 0, 43, "disabled"));
        inputs(graph, "11").put("pixels", link("13", 0));

        Generation made = prompts.made(graph);

        assertThat(ComfyPrompts.steps(made.getInitResizing()))
                .isEqualTo("19,0 42x41 nearest-exact 64x64, lanczos 43x43, 1,1 40x40 -");
        assertThat(made.getWidth()).isEqualTo(40);
        assertThat(made.getHeight()).isEqualTo(40);
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        JsonObject bislerp = graph();
        bislerp.put("12", scale("10", "bislerp", 64, 64, "center"));
        inputs(bislerp, "11").put("pixels", link("12", 0));
        prompts.refused(bislerp, "12", "'bislerp' not in [nearest-exact, bilinear, area, bicubic, lanczos]");

        JsonObject large = graph();
        for (int node = 12; node < 22; node++) {
            String from = node == 12 ? "10" : "" + (node - 1);
            large.put(
                    "" + node,
                    node("ImageScaleBy", "image", link(from, 0), "upscale_method", "lanczos", "scale_by", 8));
        }
        inputs(large, "11").put("pixels", link("21", 0));
        prompts.refused(large, "14", "40960x");

        JsonObject masked = masked();
        masked.put("12", scale("10", "lanczos", 64, 64, "center"));
        inputs(masked, "11").put("pixels", link("12", 0));
        prompts.refused(masked, "3", "its mask is not");
    }

    private static JsonObject masked() {
        JsonObject graph = graph();
        graph.put("14", node("LoadImageMask", "image", "wide.png", "channel", "red"));
        graph.put("15", node("SetLatentNoiseMask", "samples", link("11", 0), "mask", link("14", 0)));
        inputs(graph, "3").put("latent_image", link("15", 0));
        return graph;
    }

    @Test
    void anImageWithAMaskIsCutAndScaledToo() {
        JsonObject graph = masked();
        graph.put("12", scale("10", "nearest-exact", 8, 8, "disabled"));
        graph.put("13", scale("12", "lanczos", 68, 64, "disabled"));
        inputs(graph, "11").put("pixels", link("13", 0));

        assertThat(ComfyPrompts.steps(prompts.made(graph).getInitResizing()))
                .isEqualTo("nearest-exact 8x8, lanczos 68x64, 2,0 64x64 -");
    }

    @Test
    void aCropThatCutsNothingOffIsNone() {
        JsonObject graph = masked();
        graph.put("12", scale("10", "lanczos", 64, 64, "disabled"));
        graph.put("13", scale("12", "lanczos", 32, 32, "center"));
        inputs(graph, "11").put("pixels", link("13", 0));

        assertThat(ComfyPrompts.steps(prompts.made(graph).getInitResizing())).isEqualTo("lanczos 64x64, lanczos 32x32");
    }

    @Test
    void allStepsTogetherHaveALimit() {
        JsonObject graph = graph();
        for (int node = 12; node < 17; node++) {
            graph.put(
                    "" + node,
                    scale(node == 12 ? "10" : "" + (node - 1), "lanczos", 4096, 4096 - node % 2 * 8, "disabled"));
        }
        inputs(graph, "11").put("pixels", link("16", 0));
        prompts.refused(graph, "16", "is scaled with 83886080 pixels in all steps up to here; at most 67108864");

        JsonObject between = graph();
        between.put("12", scale("10", "lanczos", 1, 16384, "disabled"));
        between.put("13", scale("12", "lanczos", 16384, 1, "disabled"));
        inputs(between, "11").put("pixels", link("13", 0));
        prompts.refused(between, "13", "is scaled with 26");
    }

    @Test
    void aCropThatLeavesNothingIsRefusedByItsNode() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "lanczos", 1, 512, "disabled"));
        graph.put("13", scale("12", "lanczos", 64, 64, "center"));
        inputs(graph, "11").put("pixels", link("13", 0));

        prompts.refused(graph, "13", "has 1x512 pixels, and none is left when it is cropped for 64x64");
    }
}
