package dev.weir.tests;

import static dev.weir.tests.ImagesTest.REFERENCE;
import static dev.weir.tests.ImagesTest.picture;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Requests to PixArt-alpha with texts of other lengths, for the server of {@link ImagesTest}. */
final class PixArtRequests {

    private static final Path HOME = REFERENCE.resolve("pixart");
    static final Path MODEL = HOME.resolve("alpha");

    private PixArtRequests() {}

    /** All cases of the checkpoint at once: each gives the picture of diffusers' pipeline. */
    static void check(Server server) throws IOException {
        Map<String, CompletableFuture<Server.Answer>> answers = new LinkedHashMap<>();
        for (JsonNode json :
                new ObjectMapper().readTree(HOME.resolve("cases.json").toFile())) {
            if (json.get("checkpoint").asText().equals("alpha")) {
                answers.put(json.get("name").asText(), server.generate(request(json)));
            }
        }
        assertThat(answers).hasSize(3);
        for (Map.Entry<String, CompletableFuture<Server.Answer>> answer : answers.entrySet()) {
            byte[] made = picture(answer.getValue().join().body());
            assertThat(PictureError.psnr(made, HOME.resolve(answer.getKey() + ".png")))
                    .as(answer.getKey())
                    .isGreaterThan(50);
        }
    }

    private static Map<String, Object> request(JsonNode json) {
        Map<String, Object> request = new HashMap<>();
        for (String text : new String[] {"prompt", "negative_prompt"}) {
            request.put(text, json.get(text).asText());
        }
        request.put("model", "alpha");
        request.put("guidance_scale", json.get("guidance_scale").asDouble());
        request.put("size", json.get("width").asInt() + "x" + json.get("height").asInt());
        request.put("num_inference_steps", json.get("steps").asInt());
        request.put("seed", json.get("seed").asInt());
        return request;
    }
}
