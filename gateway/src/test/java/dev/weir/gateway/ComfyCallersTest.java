package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several programs that were written for ComfyUI: what each sees of the others' prompts. */
final class ComfyCallersTest {

    private final TestGateway gateway = new TestGateway();

    ComfyCallersTest() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(ComfyTest.PNG);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return ComfyClient.post(gateway, path, body);
    }

    private JsonObject get(String path) {
        return new JsonObject(gateway.fetch(path).body());
    }

    @Test
    void callersMayChooseTheSameIds() {
        gateway.stage.script(sitting -> {});
        JsonObject asked =
                new JsonObject().put("prompt", ComfyClient.template()).put("prompt_id", "job-1");
        assertThat(post("/prompt", asked).statusCode()).isEqualTo(200);
        assertThat(post("/prompt", asked).statusCode()).isEqualTo(400);
        assertThat(gateway.send(gateway.request("/prompt")
                                .header("Authorization", "Bearer other")
                                .POST(BodyPublishers.ofString(asked.encode()))
                                .build())
                        .statusCode())
                .isEqualTo(200);
        await().until(() -> gateway.stage.sittings().size() == 2);
        gateway.stage.sittings().forEach(sitting -> {
            sitting.start();
            sitting.finish(ComfyTest.PNG);
        });

        await().until(() -> get("/history/job-1").containsKey("job-1"));
        await().until(() -> othersHistory().containsKey("job-1"));
        String mine = pictureOf(get("/history/job-1"));
        String other = pictureOf(othersHistory());
        assertThat(mine).isNotEqualTo(other);
    }

    private JsonObject othersHistory() {
        return new JsonObject(gateway.send(gateway.request("/history/job-1")
                        .header("Authorization", "Bearer other")
                        .build())
                .body());
    }

    private static String pictureOf(JsonObject history) {
        return history.getJsonObject("job-1")
                .getJsonObject("outputs")
                .getJsonObject("9")
                .getJsonArray("images")
                .getJsonObject(0)
                .getString("filename");
    }

    @Test
    void othersSeeNothingOfACallersPromptsButTheirPicturesByName() {
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            post(
                    "/prompt",
                    new JsonObject()
                            .put("prompt", ComfyClient.template())
                            .put("client_id", "me")
                            .put("prompt_id", "mine"));
            client.awaitEnd("mine");
        }
        assertThat(gateway.send(gateway.request("/history")
                                .header("Authorization", "Bearer other")
                                .build())
                        .body())
                .isEqualTo("{}");
        JsonObject image = get("/history/mine")
                .getJsonObject("mine")
                .getJsonObject("outputs")
                .getJsonObject("9")
                .getJsonArray("images")
                .getJsonObject(0);
        TestGateway second = gateway.beside(TestGateway.CONFIG);
        assertThat(second.fetch(ComfyTest.viewOf(image)).statusCode()).isEqualTo(200);
        assertThat(gateway.fetch("/view?filename=ComfyUI_00001_.png").statusCode())
                .isEqualTo(404);
    }
}
