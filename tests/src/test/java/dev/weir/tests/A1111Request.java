package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A request in Automatic1111's words for a picture that diffusers' image-to-image pipeline makes. */
final class A1111Request {

    private static final Path PICTURES =
            Repository.ROOT.resolve("engine/src/test/resources/reference").resolve("images");

    private A1111Request() {}

    static void requirePicture(Server server) throws IOException {
        byte[] photo = Files.readAllBytes(PICTURES.resolve("photo.png"));
        Map<String, Object> asked = new HashMap<>(Map.of(
                "prompt",
                "a red apple on a green hill",
                "negative_prompt",
                "blurry, dark",
                "sampler_name",
                "DDIM",
                "width",
                96,
                "height",
                64,
                "cfg_scale",
                7.5,
                "steps",
                20,
                "seed",
                7,
                "init_images",
                List.of(Base64.getEncoder().encodeToString(photo)),
                "denoising_strength",
                0.6));
        asked.put("override_settings", Map.of("randn_source", "CPU", "sd_model_checkpoint", "sd1"));
        JsonNode answer = server.post("/sdapi/v1/img2img", asked).join().body();
        byte[] made = Base64.getDecoder().decode(answer.path("images").path(0).asText());
        assertThat(PictureError.psnr(made, PICTURES.resolve("image-ddim.png"))).isGreaterThan(50);
        assertThat(PngText.of(made).get("parameters"))
                .contains("Sampler: DDIM, ")
                .contains("Denoising strength: 0.6, ")
                .contains("RNG: CPU");
    }
}
