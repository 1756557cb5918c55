package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.testing.FreePort;
import dev.weir.tests.Server.Answer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A process for each stage, two for the denoiser. One of the denoisers leaves during requests. */
final class ProcessesTest {

    private static final int REQUESTS = 12;
    private static final int STEPS = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String CLUSTER = "test-" + UUID.randomUUID();

    private static final List<WeirProcess> REST = new ArrayList<>();
    /** Those that a test leaves alive serve the next one, too. */
    private static final List<WeirProcess> DENOISERS = new ArrayList<>();

    private static String join;
    private static Server server;

    @BeforeAll
    static void startTheRest() throws IOException {
        join = "127.0.0.1:" + FreePort.next();
        WeirProcess gateway =
                WeirProcess.start(List.of("node", "gateway", "--port", "0", "--bind", join, "--cluster", CLUSTER));
        REST.add(gateway);
        REST.add(node("text-encoder"));
        REST.add(node("decoder"));
        server = Server.at(gateway.awaitReady());
        REST.forEach(WeirProcess::awaitReady);
    }

    @AfterAll
    static void endAll() {
        DENOISERS.forEach(WeirProcess::close);
        REST.forEach(WeirProcess::close);
    }

    @BeforeEach
    void completeTwoDenoisers() {
        while (DENOISERS.size() < 2) {
            DENOISERS.add(node("denoiser", "--drain-time", "2", "--threads", "1"));
        }
        DENOISERS.forEach(WeirProcess::awaitReady);
        Awaitility.await("the gateway to know both denoisers")
                .atMost(PATIENCE)
                .until(() -> denoiserStatus().size() == 2);
    }

    @AfterEach
    void forgetTheDead() {
        DENOISERS.removeIf(denoiser -> !denoiser.isAlive());
        // Else the next test would take the work of this one for its own.
        Awaitility.await("the gateway to have forgotten them, and to know that the others rest")
                .atMost(PATIENCE)
                .until(() -> {
                    List<JsonNode> known = denoiserStatus();
                    return known.size() == DENOISERS.size()
                            && known.stream()
                                    .allMatch(node -> node.path("running").asInt() == 0);
                });
    }

    @Test
    void aDenoiserThatIsToldToStopInTheMiddleLosesNoRequest() {
        List<CompletableFuture<Answer>> requests = startRequests();
        awaitBothAtWork();
        DENOISERS.get(0).terminate();
        List<JsonNode> pictures = finished(requests);
        assertThat(nodesOf(pictures)).as("the denoisers that made them").isNotEmpty();
        DENOISERS.get(0).awaitExit();
        assertThat(DENOISERS.get(1).isAlive()).isTrue();
    }

    @Test
    void aDenoiserThatDiesInTheMiddleCostsANewAttemptAndNoRequest() {
        List<CompletableFuture<Answer>> requests = startRequests();
        awaitBothAtWork();
        DENOISERS.get(0).kill();
        List<JsonNode> pictures = finished(requests);
        DENOISERS.get(0).awaitExit();
        assertThat(pictures)
                .as("those that the dead one held were made by a new attempt")
                .anyMatch(picture -> picture.path("attempts").asInt() > 1);
    }

    @Test
    void bothDenoisersShareTheWork() {
        assertThat(nodesOf(finished(startRequests()))).hasSize(2);
    }

    private static WeirProcess node(String role, String... more) {
        List<String> arguments = new ArrayList<>(List.of("node", role, "--join", join, "--cluster", CLUSTER));
        arguments.addAll(List.of(more));
        return WeirProcess.start(arguments);
    }

    private static List<CompletableFuture<Answer>> startRequests() {
        return IntStream.range(0, REQUESTS)
                .mapToObj(i ->
                        server.generate(Map.of("prompt", "a red apple", "seed", 100 + i, "num_inference_steps", STEPS)))
                .toList();
    }

    private static void awaitBothAtWork() {
        Awaitility.await("both denoisers to be at work")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> denoiserStatus().stream()
                                .filter(node -> node.path("running").asInt() > 0)
                                .count()
                        == 2);
    }

    private static List<JsonNode> denoiserStatus() {
        return StreamSupport.stream(server.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("denoiser"))
                .flatMap(stage -> StreamSupport.stream(stage.path("nodes").spliterator(), false))
                .toList();
    }

    /** The gateway's answers for each request's image. Fails if an image is missing. */
    private static List<JsonNode> finished(List<CompletableFuture<Answer>> requests) {
        List<JsonNode> pictures = new ArrayList<>();
        for (CompletableFuture<Answer> request : requests) {
            Answer answer = request.join();
            assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
            JsonNode picture = answer.body().path("data").path(0);
            assertThat(picture.path("b64_json").asText()).isNotEmpty();
            pictures.add(picture.path("x_weir"));
        }
        return pictures;
    }

    private static Set<String> nodesOf(List<JsonNode> pictures) {
        Set<String> nodes = new HashSet<>();
        for (JsonNode picture : pictures) {
            for (JsonNode timing : picture.path("timings")) {
                if (timing.path("stage").asText().equals("denoiser")) {
                    nodes.add(timing.path("node").asText());
                }
            }
        }
        return nodes;
    }
}
