package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder of SDXL from the command line and over HTTP: the pictures that diffusers' own pipeline makes with it. */
final class SdxlTest {

    private static final Path MODEL = Repository.ROOT.resolve("engine/src/test/resources/reference/sdxl");

    @TempDir
    Path folder;

    @Test
    void theCommandMakesTheReferencesPicture() throws IOException {
        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of(
                        "generate",
                        "a red apple on a green hill",
                        "--negative=blurry, dark",
                        "--model=" + MODEL,
                        "--size=64x48",
                        "--guidance=5",
                        "--steps=20",
                        "--seed=7",
                        "--out=x.png"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(psnr(Files.readAllBytes(folder.resolve("x.png")), "plain")).isGreaterThan(50);
    }

    /** A negative prompt that is not given has states of zeros, as the model's index says. One that is empty is encoded. */
    @Test
    void aServerMakesTheReferencesPicturesWithAllThatARequestMaySay() throws IOException {
        try (WeirProcess process = WeirProcess.start(List.of("up", "--port", "0", "--model", MODEL.toString()))) {
            Server server = Server.at(process.awaitReady());
            Map<String, Object> request = Map.of(
                    "prompt",
                    "an astronaut riding a horse",
                    "guidance_scale",
                    7,
                    "size",
                    "48x48",
                    "num_inference_steps",
                    20,
                    "seed",
                    7,
                    "response_format",
                    "b64_json");
            byte[] picture = picture(server.generate(request).join().body());
            assertThat(psnr(picture, "absent")).isGreaterThan(50);

            var empty = new HashMap<>(request);
            empty.put("negative_prompt", "");
            assertThat(psnr(picture(server.generate(empty).join().body()), "empty"))
                    .isGreaterThan(50);

            var told = new HashMap<>(request);
            told.put("prompt", "a red apple on a green hill");
            told.put("negative_prompt", "blurry, dark");
            told.put("guidance_scale", 6);
            told.put("size", "64x48");
            told.put("clip_skip", 1);
            told.put("guidance_rescale", 0.7);
            told.put("original_size", "640x480");
            told.put("crop", "40,16");
            assertThat(psnr(picture(server.generate(told).join().body()), "told"))
                    .isGreaterThan(50);
        }
    }

    static byte[] picture(JsonNode answer) {
        assertThat(answer.path("data").path(0).path("b64_json").asText())
                .as(answer.toString())
                .isNotEmpty();
        return Base64.getDecoder()
                .decode(answer.path("data").path(0).path("b64_json").asText());
    }

    private static double psnr(byte[] png, String name) throws IOException {
        return PictureError.psnr(png, MODEL.resolve("pictures/" + name + ".png"));
    }
}
