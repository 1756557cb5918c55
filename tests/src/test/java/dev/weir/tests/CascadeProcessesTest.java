package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model of three diffusing stages, the last of which runs in two processes. One of them is killed in mid-run. */
final class CascadeProcessesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int IMAGES = 8;
    /** Of the first two diffusing stages. */
    private static final int EARLIER_STEPS = 4 + 50;

    private final String cluster = "test-" + UUID.randomUUID();

    @TempDir
    Path folder;

    @Test
    void theLossOfASecondUpsamplerRepeatsNoEarlierStage() throws IOException {
        FamilyFolder.deepFloyd(folder.resolve("if"));
        String address = "127.0.0.1:" + FreePort.next();
        try (WeirProcess rest =
                        node("gateway,text-encoder,denoiser,upsampler,decoder", "--port", "0", "--bind", address);
                WeirProcess doomed = node("second-upsampler", "--join", address);
                WeirProcess other = node("second-upsampler", "--join", address)) {
            Server server = Server.at(rest.awaitReady());
            doomed.awaitReady();
            other.awaitReady();
            Awaitility.await("the gateway to know both")
                    .atMost(PATIENCE)
                    .until(() -> upsamplers(server).size() == 2);
            List<byte[]> undisturbed = start(server).pictures();

            WatchedJob job = start(server);
            Awaitility.await("both to be at work")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> upsamplers(server).stream()
                            .allMatch(node -> node.path("running").asInt() > 0));
            doomed.kill();

            assertThat(job.pictures()).containsExactlyElementsOf(undisturbed);
            assertThat(job.events("resumed"))
                    .isNotEmpty()
                    .allSatisfy(event -> assertThat(event.path("step").asInt()).isGreaterThanOrEqualTo(EARLIER_STEPS));
        }
    }

    /** Each forward pass has one guided sample, because kernels depend on the batch size. */
    private WeirProcess node(String roles, String... more) {
        List<String> arguments = new ArrayList<>(List.of("node", roles, "--cluster", cluster));
        arguments.addAll(List.of("--model", folder.resolve("if").toString(), "--threads", "1", "--max-rows", "2"));
        arguments.addAll(List.of(more));
        return WeirProcess.start(arguments);
    }

    private static WatchedJob start(Server server) {
        return WatchedJob.start(
                server,
                Map.of("prompt", "a red apple", "seed", 7, "n", IMAGES, "num_inference_steps", 4, "size", "96x64"));
    }

    private static List<JsonNode> upsamplers(Server server) {
        return StreamSupport.stream(server.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("second-upsampler"))
                .flatMap(stage -> StreamSupport.stream(stage.path("nodes").spliterator(), false))
                .toList();
    }
}
