package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.picture.PngText;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code /sdapi/v1/png-info}: the text of a picture. */
final class A1111PngInfoTest {

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post("/sdapi/v1/" + path, body.encode()));
    }

    @Test
    void theTextOfAPictureIsReadAgain() {
        String text =
                "two lines\nof prompt\nNegative prompt: worms\nSteps: 6, Sampler: Euler a, CFG scale: 7, Seed: 40, "
                        + "Size: 64x32, Model: \"a, b\"";
        JsonObject asked = new JsonObject()
                .put("image", Base64.getEncoder().encodeToString(PngText.with(A1111Test.PNG, "parameters", text)));

        JsonObject info = new JsonObject(post("png-info", asked).body());

        assertThat(info.getString("info")).isEqualTo(text);
        assertThat(info.getJsonObject("parameters"))
                .isEqualTo(new JsonObject()
                        .put("Prompt", "two lines\nof prompt")
                        .put("Negative prompt", "worms")
                        .put("Steps", "6")
                        .put("Sampler", "Euler a")
                        .put("CFG scale", "7")
                        .put("Seed", "40")
                        .put("Size", "64x32")
                        .put("Model", "a, b"));
    }

    @Test
    void aDamagedPictureHasNoText() {
        JsonObject asked = new JsonObject().put("image", Base64.getEncoder().encodeToString(new byte[] {
            (byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0
        }));

        assertThat(post("png-info", asked).statusCode()).isEqualTo(404);
        assertThat(post("png-info", new JsonObject().put("image", "!!")).statusCode())
                .isIn(200, 404);
    }
}
