package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An SDXL base with its refiner makes the pictures that diffusers' two pipelines make one after the other. */
final class SdxlRefinerTest {

    private static final Path MODEL = Repository.ROOT.resolve("engine/src/test/resources/reference/sdxl_refiner");

    @TempDir
    Path folder;

    @Test
    void theCommandMakesTheReferencesPicture() throws IOException {
        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of(
                        "generate",
                        "an astronaut riding a horse",
                        "--refiner-start=0.6",
                        "--model=" + MODEL,
                        "--size=48x48",
                        "--guidance=7",
                        "--steps=20",
                        "--seed=7",
                        "--out=x.png"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(PictureError.psnr(Files.readAllBytes(folder.resolve("x.png")), MODEL.resolve("pictures/absent.png")))
                .isGreaterThan(50);
    }

    @Test
    void baseAndRefinerRunOnNodesOfTheirOwn() throws IOException {
        String cluster = "test-" + UUID.randomUUID();
        String join = "127.0.0.1:" + FreePort.next();
        List<WeirProcess> nodes = new ArrayList<>();
        try {
            nodes.add(
                    WeirProcess.start(List.of("node", "gateway", "--port", "0", "--bind", join, "--cluster", cluster)));
            for (String role : List.of("text-encoder", "denoiser", "upsampler", "decoder")) {
                nodes.add(WeirProcess.start(
                        List.of("node", role, "--join", join, "--cluster", cluster, "--model", MODEL.toString())));
            }
            Server server = Server.at(nodes.get(0).awaitReady());
            nodes.forEach(WeirProcess::awaitReady);
            Awaitility.await("the gateway to know all stages")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> stagesKnown(server) == 4);
            Map<String, Object> request = Map.of(
                    "prompt",
                    "a red apple on a green hill",
                    "negative_prompt",
                    "blurry, dark",
                    "guidance_scale",
                    5,
                    "size",
                    "64x48",
                    "num_inference_steps",
                    20,
                    "seed",
                    7,
                    "response_format",
                    "b64_json");
            JsonNode refined = server.generate(request).join().body();
            assertThat(PictureError.psnr(SdxlTest.picture(refined), MODEL.resolve("pictures/plain.png")))
                    .as("the refiner takes over at 0.8 if the request does not say it")
                    .isGreaterThan(50);
            assertThat(stages(refined)).containsExactly("text-encoder", "denoiser", "refiner", "decoder");

            var alone = new HashMap<>(request);
            alone.put("refiner_start", 1);
            JsonNode base = server.generate(alone).join().body();
            assertThat(stages(base)).containsExactly("text-encoder", "denoiser", "decoder");
            assertThat(PictureError.psnr(SdxlTest.picture(base), MODEL.resolve("pictures/plain.png")))
                    .isLessThan(50);

            var wrong = new HashMap<>(request);
            wrong.put("refiner_start", 1.5);
            assertThat(server.generate(wrong)
                            .join()
                            .body()
                            .path("error")
                            .path("param")
                            .asText())
                    .isEqualTo("refiner_start");
        } finally {
            nodes.forEach(WeirProcess::close);
        }
    }

    private static long stagesKnown(Server gateway) {
        return StreamSupport.stream(gateway.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> !stage.path("nodes").isEmpty())
                .count();
    }

    private static List<String> stages(JsonNode answer) {
        List<String> stages = new ArrayList<>();
        answer.path("data")
                .path(0)
                .path("x_weir")
                .path("timings")
                .forEach(stage -> stages.add(stage.path("stage").asText()));
        return stages;
    }
}
