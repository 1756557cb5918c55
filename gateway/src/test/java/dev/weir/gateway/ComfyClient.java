package dev.weir.gateway;

import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A client of {@code /ws} that keeps all it is told; and the graph of ComfyUI's first template. */
final class ComfyClient implements AutoCloseable {

    final List<JsonObject> messages = new CopyOnWriteArrayList<>();
    final List<Buffer> pictures = new CopyOnWriteArrayList<>();
    final WebSocket socket;
    private final WebSocketClient client;

    ComfyClient(Vertx vertx, int port, String name) {
        client = vertx.createWebSocketClient();
        socket = TestGateway.get(
                client.connect(port, "127.0.0.1", "/ws?clientId=" + name).map(opened -> {
                    opened.textMessageHandler(text -> messages.add(new JsonObject(text)));
                    opened.binaryMessageHandler(pictures::add);
                    return opened;
                }));
    }

    /** As Python's urllib sends it: without a type of content that says JSON. */
    static HttpResponse<String> post(TestGateway gateway, String path, JsonObject body) {
        return gateway.send(gateway.request(path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body.encode()))
                .build());
    }

    static HttpResponse<String> prompt(TestGateway gateway, JsonObject graph, String client, String id) {
        JsonObject body = new JsonObject().put("prompt", graph).put("client_id", client);
        return post(gateway, "/prompt", body.put("prompt_id", id));
    }

    /** As a form of a browser. @param fields besides the image, by name */
    static HttpResponse<String> upload(
            TestGateway gateway, String path, String name, byte[] file, Map<String, String> fields) {
        Buffer form = Buffer.buffer();
        fields.forEach((field, value) -> form.appendString(
                "--part\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n".formatted(field, value)));
        form.appendString(("--part\r\nContent-Disposition: form-data; name=\"image\"; filename=\"%s\"\r\n"
                                + "Content-Type: image/png\r\n\r\n")
                        .formatted(name))
                .appendBytes(file)
                .appendString("\r\n--part--\r\n");
        return gateway.send(gateway.request(path)
                .header("Content-Type", "multipart/form-data; boundary=part")
                .POST(BodyPublishers.ofByteArray(form.getBytes()))
                .build());
    }

    void awaitEnd(String prompt) {
        await().until(() -> of("executing").stream()
                .anyMatch(data -> data.getValue("node") == null && prompt.equals(data.getString("prompt_id"))));
    }

    /** The data of the messages of a type. */
    List<JsonObject> of(String type) {
        return messages.stream()
                .filter(message -> message.getString("type").equals(type))
                .map(message -> message.getJsonObject("data"))
                .toList();
    }

    /** Text to image, of the checkpoint "tiny". */
    static JsonObject template() {
        return new JsonObject()
                .put(
                        "3",
                        node("KSampler")
                                .put(
                                        "inputs",
                                        new JsonObject()
                                                .put("seed", 156_680_208_700_286L)
                                                .put("steps", 4)
                                                .put("cfg", 8)
                                                .put("sampler_name", "euler")
                                                .put("scheduler", "karras")
                                                .put("denoise", 1)
                                                .put("model", link("4", 0))
                                                .put("positive", link("6", 0))
                                                .put("negative", link("7", 0))
                                                .put("latent_image", link("5", 0))))
                .put(
                        "4",
                        node("CheckpointLoaderSimple")
                                .put("inputs", new JsonObject().put("ckpt_name", "tiny.safetensors")))
                .put(
                        "5",
                        node("EmptyLatentImage")
                                .put(
                                        "inputs",
                                        new JsonObject()
                                                .put("width", 64)
                                                .put("height", 32)
                                                .put("batch_size", 1)))
                .put("6", text("a (red:1.2) apple"))
                .put("7", text("worms"))
                .put(
                        "8",
                        node("VAEDecode")
                                .put(
                                        "inputs",
                                        new JsonObject()
                                                .put("samples", link("3", 0))
                                                .put("vae", link("4", 2))))
                .put(
                        "9",
                        node("SaveImage")
                                .put(
                                        "inputs",
                                        new JsonObject()
                                                .put("filename_prefix", "ComfyUI")
                                                .put("images", link("8", 0))));
    }

    /** A node between others. @param rest names and values of its inputs in turn */
    static JsonObject node(String type, Object... rest) {
        JsonObject inputs = new JsonObject();
        for (int i = 0; i < rest.length; i += 2) {
            inputs.put((String) rest[i], rest[i + 1]);
        }
        return new JsonObject().put("class_type", type).put("inputs", inputs);
    }

    private static JsonObject text(String text) {
        return node("CLIPTextEncode")
                .put("inputs", new JsonObject().put("text", text).put("clip", link("4", 1)));
    }

    static JsonArray link(String node, int slot) {
        return new JsonArray().add(node).add(slot);
    }

    /** The inputs of a node of a graph. */
    static JsonObject inputs(JsonObject graph, String node) {
        return graph.getJsonObject(node).getJsonObject("inputs");
    }

    @Override
    public void close() {
        TestGateway.get(socket.close());
        TestGateway.get(client.close());
    }
}
