package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.client.ServedModel;
import dev.weir.client.WeirClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;

/** Requests with LoRAs to a server of {@link ImagesTest}, beside the pictures that diffusers makes with the same files. */
final class LoraRequests {

    private LoraRequests() {}

    /** Users with different LoRAs, several and none, who share the server's forwards. */
    static void check(Server server, Path files) throws IOException {
        Map<String, List<Map<String, Object>>> cases = Map.of(
                "plain", List.of(),
                "peft", List.of(Map.of("name", "peft", "weight", 0.8)),
                "kohya", List.of(Map.of("name", "kohya")),
                "both", List.of(Map.of("name", "peft", "weight", 0.7), Map.of("name", "kohya", "weight", -0.5)));
        Map<String, Object> small = Map.of("guidance_scale", 5, "size", "48x48", "num_inference_steps", 8);
        Map<String, CompletableFuture<Server.Answer>> answers = new HashMap<>();
        cases.forEach((name, loras) -> {
            Map<String, Object> request = ImagesTest.request(small);
            request.put("loras", loras);
            answers.put(name, server.generate(request));
        });
        for (var answer : answers.entrySet()) {
            byte[] made = ImagesTest.picture(answer.getValue().join().body());
            assertThat(PictureError.psnr(made, files.resolve(answer.getKey() + ".png")))
                    .as(answer.getKey())
                    .isGreaterThan(50);
            assertThat(PngText.of(made).getOrDefault("parameters", "").contains("Loras: "))
                    .as("%s says what made it", answer.getKey())
                    .isEqualTo(!answer.getKey().equals("plain"));
        }
        Awaitility.await().untilAsserted(() -> assertThat(
                        server.get("/v1/models/sd1").path("loras").toString())
                .as("files for other models are not offered, and one is there that was added later")
                .isEqualTo("[\"added-later\",\"kohya\",\"loha\",\"lokr\",\"mid\",\"peft\",\"rslora\"]"));
        assertThat(WeirClient.of(server.url()).models())
                .filteredOn(model -> model.id().equals("sd1"))
                .flatExtracting(ServedModel::loras)
                .contains("added-later", "peft");
        Map<String, Object> later = ImagesTest.request(small);
        later.put("loras", List.of(Map.of("name", "added-later", "weight", 0.8)));
        assertThat(PictureError.psnr(
                        ImagesTest.picture(server.generate(later).join().body()), files.resolve("peft.png")))
                .isGreaterThan(50);
        for (var tagged : Map.of("<lora:peft:0.8>", "peft", "<lora:peft:0.3:0.9>", "split")
                .entrySet()) {
            Map<String, Object> request = ImagesTest.request(small);
            request.merge("prompt", " " + tagged.getKey(), (prompt, tag) -> prompt + "" + tag);
            request.put("prompt_syntax", "a1111");
            byte[] made = ImagesTest.picture(server.generate(request).join().body());
            assertThat(PictureError.psnr(made, files.resolve(tagged.getValue() + ".png")))
                    .as(tagged.getKey())
                    .isGreaterThan(50);
        }
        ImagesTest.refused(
                server,
                Map.of("prompt", "an apple <lora:other>", "prompt_syntax", "a1111"),
                "prompt \"other\" is no LoRA that a node has");
        ImagesTest.refused(
                server,
                Map.of("loras", List.of(Map.of("name", "../peft"))),
                "\"../peft\" is no LoRA that a node has for the model sd1; there are added-later, kohya, loha");
        ImagesTest.refused(
                server,
                Map.of("loras", List.of(Map.of("name", "sgm"))),
                "\"sgm\" does not fit the model sd1: the layer lora_te1_text_model_encoder_layers_0_mlp_fc1 has a tensor down of [3, 16]");
        Map<String, Object> form = ImagesTest.request(Map.of("loras", "[{\"name\": \"other\"}]"));
        form.put("image[]", Files.readAllBytes(files.resolveSibling("images/photo.png")));
        assertThat(server.form("/v1/images/edits", form).join()).contains("unknown_lora");
    }
}
