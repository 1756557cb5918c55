package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Graphs of ComfyUI that scale and crop an uploaded image. The numbers are those of its {@code common_upscale}. */
final class ComfyScalingTest {

    private TestGateway gateway;

    @BeforeEach
    void upload() {
        gateway = new TestGateway();
        byte[] file = ComfyGraphsTest.png(80, 41, BufferedImage.TYPE_INT_RGB);
        assertThat(ComfyClient.upload(gateway, "/upload/image", "wide.png", file, Map.of())
                        .statusCode())
                .isEqualTo(200);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** Each step as the part, the filter and the size. */
    static String steps(Resizing resizing) {
        return resizing.getStepsList().stream().map(ComfyScalingTest::step).collect(Collectors.joining(", "));
    }

    private static String step(Resizing.Step step) {
        Resizing.Part part = step.getPart();
        String cut = step.hasPart() ? "%d,%d %s ".formatted(part.getLeft(), part.getTop(), size(part.getSize())) : "";
        return cut + (step.hasSize() ? step.getFilter() + " " + size(step.getSize()) : "-");
    }

    private static String size(Size size) {
        return size.getWidth() + "x" + size.getHeight();
    }

    private static JsonObject graph() {
        JsonObject graph = ComfyClient.template();
        graph.remove("5");
        graph.put("10", node("LoadImage", "image", "wide.png"));
        graph.put("11", node("VAEEncode", "pixels", link("10", 0), "vae", link("4", 2)));
        inputs(graph, "3").put("latent_image", link("11", 0)).put("denoise", 0.5);
        return graph;
    }

    private static JsonObject scale(String from, String method, int width, int height, String crop) {
        JsonObject scale = node("ImageScale", "image", link(from, 0), "upscale_method", method, "crop", crop);
        scale.getJsonObject("inputs").put("width", width).put("height", height);
        return scale;
    }

    private HttpResponse<String> prompt(JsonObject graph) {
        return ComfyClient.post(gateway, "/prompt", new JsonObject().put("prompt", graph));
    }

    private Generation made(JsonObject graph) {
        HttpResponse<String> response = prompt(graph);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        await().until(() -> !gateway.stage.sittings().isEmpty());
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    private void refused(JsonObject graph, String node, String details) {
        HttpResponse<String> response = prompt(graph);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(new JsonObject(response.body())
                        .getJsonObject("node_errors")
                        .getJsonObject(node)
                        .encode())
                .contains(details);
    }

    @Test
    void anImageIsScaledByAFactor() {
        JsonObject graph = graph();
        graph.put("12", node("ImageScaleBy", "image", link("10", 0), "upscale_method", "lanczos", "scale_by", 0.8));
        inputs(graph, "11").put("pixels", link("12", 0));

        Generation made = made(graph);

        assertThat(made.getWidth()).isEqualTo(64);
        assertThat(made.getHeight()).as("33 without what VAEEncode cuts off").isEqualTo(32);
        assertThat(steps(made.getInitResizing())).isEqualTo("lanczos 64x33, 0,0 64x32 -");
    }

    @Test
    void anImageIsScaledAndCroppedInTheStepsOfTheGraph() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "nearest-exact", 64, 64, "center"));
        graph.put("13", scale("12", "lanczos", 0, 43, "disabled"));
        inputs(graph, "11").put("pixels", link("13", 0));

        Generation made = made(graph);

        assertThat(steps(made.getInitResizing())).isEqualTo("19,0 42x41 nearest 64x64, lanczos 43x43, 1,1 40x40 -");
        assertThat(made.getWidth()).isEqualTo(40);
        assertThat(made.getHeight()).isEqualTo(40);
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        JsonObject bicubic = graph();
        bicubic.put("12", scale("10", "bicubic", 64, 64, "center"));
        inputs(bicubic, "11").put("pixels", link("12", 0));
        refused(bicubic, "12", "'bicubic' not in [nearest-exact, lanczos]");

        JsonObject large = graph();
        for (int node = 12; node < 22; node++) {
            String from = node == 12 ? "10" : "" + (node - 1);
            large.put(
                    "" + node,
                    node("ImageScaleBy", "image", link(from, 0), "upscale_method", "lanczos", "scale_by", 8));
        }
        inputs(large, "11").put("pixels", link("21", 0));
        refused(large, "14", "40960x");

        JsonObject masked = masked();
        masked.put("12", scale("10", "lanczos", 64, 64, "center"));
        inputs(masked, "11").put("pixels", link("12", 0));
        refused(masked, "3", "its mask is not");
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

        assertThat(steps(made(graph).getInitResizing())).isEqualTo("nearest 8x8, lanczos 68x64, 2,0 64x64 -");
    }

    @Test
    void aCropThatCutsNothingOffIsNone() {
        JsonObject graph = masked();
        graph.put("12", scale("10", "lanczos", 64, 64, "disabled"));
        graph.put("13", scale("12", "lanczos", 32, 32, "center"));
        inputs(graph, "11").put("pixels", link("13", 0));

        assertThat(steps(made(graph).getInitResizing())).isEqualTo("lanczos 64x64, lanczos 32x32");
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
        refused(graph, "16", "is scaled with 83886080 pixels in all steps up to here; at most 67108864");

        JsonObject between = graph();
        between.put("12", scale("10", "lanczos", 1, 16384, "disabled"));
        between.put("13", scale("12", "lanczos", 16384, 1, "disabled"));
        inputs(between, "11").put("pixels", link("13", 0));
        refused(between, "13", "is scaled with 26");
    }

    @Test
    void aCropThatLeavesNothingIsRefusedByItsNode() {
        JsonObject graph = graph();
        graph.put("12", scale("10", "lanczos", 1, 512, "disabled"));
        graph.put("13", scale("12", "lanczos", 64, 64, "center"));
        inputs(graph, "11").put("pixels", link("13", 0));

        refused(graph, "13", "has 1x512 pixels, and none is left when it is cropped for 64x64");
    }
}
