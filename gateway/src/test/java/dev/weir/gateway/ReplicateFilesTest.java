package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Files that clients of Replicate's API upload before a prediction. */
final class ReplicateFilesTest {

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> predict(String image) {
        JsonObject input =
                new JsonObject().put("prompt", "a fox").put("image", image).put("prompt_strength", 0.5);
        return gateway.send(gateway.post(
                "/v1/predictions",
                new JsonObject().put("version", "tiny").put("input", input).encode()));
    }

    private HttpResponse<String> upload(byte[] content, String metadata) {
        Buffer form = Buffer.buffer("--edge\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n" + metadata
                        + "\r\n--edge\r\nContent-Disposition: form-data; name=\"content\"; filename=\"photo.png\"\r\n"
                        + "Content-Type: image/png\r\n\r\n")
                .appendBytes(content)
                .appendString("\r\n--edge--\r\n");
        return gateway.send(gateway.request("/v1/files")
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.ofByteArray(form.getBytes()))
                .build());
    }

    @Test
    void anUploadedFileIsTheImageOfAPrediction() {
        HttpResponse<String> uploaded = upload(AttachmentsTest.PHOTO, "{\"mine\": 1}");
        JsonObject file = new JsonObject(uploaded.body());
        String path = "/v1/files/" + file.getString("id");
        String url = file.getJsonObject("urls").getString("get");

        assertThat(uploaded.statusCode()).isEqualTo(201);
        assertThat(url).isEqualTo(gateway.uri(path).toString());
        assertThat(file.getString("name")).isEqualTo("photo.png");
        assertThat(file.getString("content_type")).isEqualTo("image/png");
        assertThat(file.getInteger("size")).isEqualTo(AttachmentsTest.PHOTO.length);
        assertThat(file.getJsonObject("metadata").getInteger("mine")).isEqualTo(1);
        assertThat(new JsonObject(gateway.fetch(path).body())).isEqualTo(file);
        assertThat(new JsonObject(gateway.fetch("/v1/files").body()).getJsonArray("results"))
                .containsExactly(file);

        assertThat(predict(url).statusCode()).isEqualTo(201);
        await().until(() -> gateway.stage.sittings().size() == 1);
        assertThat(gateway.stage.sittings().get(0).task.getGeneration().getAttachmentsList())
                .hasSize(1);
        assertThat(gateway.send(gateway.request(path).DELETE().build()).statusCode())
                .isEqualTo(204);
        assertThat(gateway.fetch(path).statusCode()).isEqualTo(404);
        assertThat(predict(url).body()).contains("names a file that is not here");
    }

    @Test
    void aFileOfAnotherCallerIsNotThere() {
        String id = new JsonObject(upload(AttachmentsTest.PHOTO, "{}").body()).getString("id");
        HttpResponse<String> other = gateway.send(gateway.request("/v1/files/" + id)
                .header("Authorization", "Bearer another")
                .build());

        assertThat(other.statusCode()).isEqualTo(404);
        assertThat(new JsonObject(other.body()).getString("title")).isEqualTo("Not Found");
    }

    @Test
    void aFileThatIsNoImageIsRefused() {
        HttpResponse<String> refused = upload(new byte[] {1, 2, 3}, "{}");
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("content cannot be read", "invalid_fields");
        assertThat(upload(AttachmentsTest.PHOTO, "[]").body()).contains("metadata must be a JSON object");
    }
}
