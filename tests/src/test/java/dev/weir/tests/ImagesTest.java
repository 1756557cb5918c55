package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures that requests bring, from the command line and over HTTP: changed and painted as diffusers' pipelines do it. */
final class ImagesTest {

    private static final Path REFERENCE = Repository.ROOT.resolve("engine/src/test/resources/reference");
    private static final Path MODEL = REFERENCE.resolve("checkpoints/sd1");
    private static final Path PICTURES = REFERENCE.resolve("images");

    @TempDir
    Path folder;

    @Test
    void theCommandChangesAPictureAndPaintsAPartOfIt() throws IOException {
        run("--image=" + PICTURES.resolve("photo.png"), "--strength=0.6", "--out=changed.png");
        assertThat(PictureError.psnr(
                        Files.readAllBytes(folder.resolve("changed.png")), PICTURES.resolve("image-ddim.png")))
                .isGreaterThan(50);
        run("--image=" + PICTURES.resolve("photo.png"), "--mask=" + PICTURES.resolve("mask.png"), "--out=painted.png");
        assertThat(PictureError.psnr(
                        Files.readAllBytes(folder.resolve("painted.png")), PICTURES.resolve("inpaint-ddim.png")))
                .isGreaterThan(50);
    }

    private void run(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "generate",
                "a red apple on a green hill",
                "--negative=blurry, dark",
                "--model=" + MODEL,
                "--sampler=ddim",
                "--size=96x64",
                "--guidance=7.5",
                "--steps=20",
                "--seed=7"));
        arguments.addAll(List.of(more));
        Outcome outcome = WeirProcess.run(folder, Map.of(), arguments);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }

    @Test
    void aServerChangesAPictureAndRefusesWhatIsNone() throws IOException {
        try (WeirProcess process = WeirProcess.start(List.of("up", "--port", "0", "--model", MODEL.toString()))) {
            Server server = Server.at(process.awaitReady());
            Map<String, Object> request = new HashMap<>();
            request.put("prompt", "a red apple on a green hill");
            request.put("negative_prompt", "blurry, dark");
            request.put("init_image", base64("photo.png"));
            request.put("strength", 0.5);
            request.put("sampler", "euler_ancestral");
            request.put("guidance_scale", 7.5);
            request.put("size", "96x64");
            request.put("num_inference_steps", 20);
            request.put("seed", 7);
            request.put("response_format", "b64_json");
            assertThat(PictureError.psnr(
                            picture(server.generate(request).join().body()), PICTURES.resolve("image-ancestral.png")))
                    .isGreaterThan(50);

            request.put("strength", 0.01);
            assertThat(server.generate(request)
                            .join()
                            .body()
                            .path("error")
                            .path("param")
                            .asText())
                    .isEqualTo("strength");
        }
    }

    private static String base64(String name) throws IOException {
        return Base64.getEncoder().encodeToString(Files.readAllBytes(PICTURES.resolve(name)));
    }

    private static byte[] picture(JsonNode answer) {
        String base64 = answer.path("data").path(0).path("b64_json").asText();
        assertThat(base64).as(answer.toString()).isNotEmpty();
        return Base64.getDecoder().decode(base64);
    }
}
