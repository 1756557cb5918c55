package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;

/** Sends graphs of ComfyUI to a gateway, and says what comes of them. */
record ComfyPrompts(TestGateway gateway) {

    HttpResponse<String> send(JsonObject graph) {
        return ComfyClient.post(gateway, "/prompt", new JsonObject().put("prompt", graph));
    }

    /** The first task of the gateway, which the graph becomes. */
    Task task(JsonObject graph) {
        HttpResponse<String> response = send(graph);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        await().until(() -> !gateway.stage.sittings().isEmpty());
        return gateway.stage.sittings().get(0).task;
    }

    Generation made(JsonObject graph) {
        return task(graph).getGeneration();
    }

    void refused(JsonObject graph, String node, String details) {
        HttpResponse<String> response = send(graph);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonObject errors =
                new JsonObject(response.body()).getJsonObject("node_errors").getJsonObject(node);
        assertThat(errors).as(response.body()).isNotNull();
        assertThat(errors.getJsonArray("errors").getJsonObject(0).getString("details"))
                .contains(details);
    }

    /** The same graph that begins with an image. */
    static JsonObject fromImage(JsonObject template, String name) {
        JsonObject graph = template.copy();
        graph.remove("5");
        graph.put("10", node("LoadImage", "image", name));
        graph.put("11", node("VAEEncode", "pixels", link("10", 0), "vae", link("4", 2)));
        inputs(graph, "3").put("latent_image", link("11", 0));
        return graph;
    }

    static byte[] png(int width, int height, int type) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, type), "png", file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }

    /** Each step as the part, the filter and the size. */
    static String steps(Resizing resizing) {
        return resizing.getStepsList().stream().map(ComfyPrompts::step).collect(Collectors.joining(", "));
    }

    private static String step(Resizing.Step step) {
        Resizing.Part part = step.getPart();
        String cut = step.hasPart() ? "%d,%d %s ".formatted(part.getLeft(), part.getTop(), size(part.getSize())) : "";
        return cut + (step.hasSize() ? step.getFilter() + " " + size(step.getSize()) : "-");
    }

    private static String size(Size size) {
        return size.getWidth() + "x" + size.getHeight();
    }
}
