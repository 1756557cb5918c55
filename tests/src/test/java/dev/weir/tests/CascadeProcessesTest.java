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

/** A model of three diffusing stages. The process of the last one is killed in mid-run, and another takes its place. */
final class CascadeProcessesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int IMAGES = 8;
    /** Of the first two diffusing stages. */
    private static final int EARLIER_STEPS = 4 + 50;
    /** Of the last one, which has 75. */
    private static final int MANY = 30;

    private final String cluster = "test-" + UUID.randomUUID();

    @TempDir
    Path folder;

    @Test
    void theLossOfASecondUpsamplerRepeatsNoEarlierStage() throws IOException {
        FamilyFolder.deepFloyd(folder.resolve("if"));
        String address = "127.0.0.1:" + FreePort.next();
        try (WeirProcess rest =
                        node("gateway,text-encoder,denoiser,upsampler,decoder", "--port", "0", "--bind", address);
                WeirProcess doomed = node("second-upsampler", "--join", address)) {
            Server server = Server.at(rest.awaitReady());
            doomed.awaitReady();
            Awaitility.await("the gateway to know it").atMost(PATIENCE).until(() -> upsamplers(server) == 1);
            List<byte[]> undisturbed = start(server).pictures();

            WatchedJob job = start(server);
            Awaitility.await("a sample that has most of the last stage before it")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> job.all().stream()
                            .reduce((earlier, later) -> later)
                            .filter(CascadeProcessesTest::isEarlyInTheLastStage)
                            .isPresent());
            doomed.kill();

            try (WeirProcess other = node("second-upsampler", "--join", address)) {
                other.awaitReady();
                assertThat(job.pictures()).containsExactlyElementsOf(undisturbed);
            }
            assertThat(job.events("resumed"))
                    .isNotEmpty()
                    .allSatisfy(event -> assertThat(event.path("step").asInt()).isGreaterThanOrEqualTo(EARLIER_STEPS));
        }
    }

    private static boolean isEarlyInTheLastStage(JsonNode event) {
        int step = event.path("step").asInt();
        return event.path("type").asText().equals("progress") && step > EARLIER_STEPS && step < EARLIER_STEPS + MANY;
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

    private static long upsamplers(Server server) {
        return StreamSupport.stream(server.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("second-upsampler"))
                .flatMap(stage -> StreamSupport.stream(stage.path("nodes").spliterator(), false))
                .count();
    }
}
