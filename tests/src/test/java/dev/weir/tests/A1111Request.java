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

/** Requests in Automatic1111's words for pictures that diffusers' pipelines make. */
final class A1111Request {

    private static final Path PICTURES =
            Repository.ROOT.resolve("engine/src/test/resources/reference").resolve("images");

    private A1111Request() {}

    static void requirePicture(Server server) throws IOException {
        byte[] photo = Files.readAllBytes(PICTURES.resolve("photo.png"));
        Map<String, Object> asked = request(96, 64);
        asked.put("steps", 20);
        asked.put("init_images", List.of(Base64.getEncoder().encodeToString(photo)));
        byte[] made = picture(server, "/sdapi/v1/img2img", asked);
        assertThat(PictureError.psnr(made, PICTURES.resolve("image-ddim.png"))).isGreaterThan(50);
        assertThat(PngText.of(made).get("parameters"))
                .contains("Sampler: DDIM, ")
                .contains("Denoising strength: 0.6, ")
                .contains("RNG: CPU");
    }

    /** The latent of the first pass at another size: {@code tools/reference/second_pass.py}. */
    static void requireSecondPass(Server server) throws IOException {
        Map<String, Object> asked = request(48, 32);
        asked.put("steps", 10);
        asked.put("enable_hr", true);
        asked.put("hr_second_pass_steps", 8);
        asked.put("hr_upscaler", "Latent (antialiased)");
        byte[] made = picture(server, "/sdapi/v1/txt2img", asked);
        assertThat(PictureError.psnr(made, PICTURES.resolve("second-pass.png"))).isGreaterThan(50);
        assertThat(PngText.of(made)).containsOnlyKeys("parameters", "Software");
    }

    private static Map<String, Object> request(int width, int height) {
        Map<String, Object> asked = new HashMap<>(Map.of(
                "prompt",
                "a red apple on a green hill",
                "negative_prompt",
                "blurry, dark",
                "sampler_name",
                "DDIM",
                "cfg_scale",
                7.5,
                "seed",
                7,
                "denoising_strength",
                0.6,
                "width",
                width,
                "height",
                height));
        asked.put("override_settings", Map.of("randn_source", "CPU", "sd_model_checkpoint", "sd1"));
        return asked;
    }

    private static byte[] picture(Server server, String path, Map<String, Object> asked) {
        JsonNode answer = server.post(path, asked).join().body();
        return Base64.getDecoder().decode(answer.path("images").path(0).asText());
    }
}
