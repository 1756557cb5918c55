package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.GatewayConfig.Api;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What programs for ComfyUI ask for at their start, and who may ask. */
final class ComfyListsTest {

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    private JsonObject get(String path) {
        return new JsonObject(gateway.fetch(path).body());
    }

    @Test
    void listsHaveWhatClientsAskForAtTheirStart() {
        JsonObject info = get("/object_info");
        assertThat(info.fieldNames()).contains("KSampler", "CheckpointLoaderSimple", "UNETLoader", "VAELoader");
        JsonObject checkpoint = get("/api/object_info/CheckpointLoaderSimple").getJsonObject("CheckpointLoaderSimple");
        assertThat(checkpoint
                        .getJsonObject("input")
                        .getJsonObject("required")
                        .getJsonArray("ckpt_name")
                        .getJsonArray(0))
                .containsExactly("tiny");
        assertThat(checkpoint.getJsonArray("output")).containsExactly("MODEL", "CLIP", "VAE");
        assertThat(get("/object_info/Nothing")).isEqualTo(new JsonObject());
        assertThat(get("/system_stats").getJsonObject("system").getString("comfyui_version"))
                .isNotEmpty();
        assertThat(new JsonArray(gateway.fetch("/models").body())).contains("checkpoints", "loras");
        assertThat(new JsonArray(gateway.fetch("/models/checkpoints").body())).containsExactly("tiny");
        assertThat(gateway.fetch("/models/nothing").statusCode()).isEqualTo(404);
        assertThat(gateway.fetch("/embeddings").body()).isEqualTo("[]");
        assertThat(get("/features").getBoolean("supports_preview_metadata")).isTrue();
    }

    @Test
    void aPageOfAnotherOriginStartsNothing() {
        HttpResponse<String> response = gateway.send(gateway.request("/prompt")
                .header("Origin", "https://elsewhere.example")
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString(
                        new JsonObject().put("prompt", ComfyClient.template()).encode()))
                .build());

        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void anApiThatIsOffIsNotThere() {
        TestGateway off = gateway.another(TestGateway.CONFIG.withApis(Set.of(Api.OPENAI)));

        assertThat(off.fetch("/object_info").statusCode()).isEqualTo(404);
    }
}
