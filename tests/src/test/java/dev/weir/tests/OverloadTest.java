package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.runtime.Role;
import dev.weir.tests.Server.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Far more concurrent requests than the cluster's limits admit. The nodes have small heaps and would end on an
 * overflow.
 */
final class OverloadTest {

    private static final int STORM = 2000;
    private static final int MOST_IMAGES = 12;
    private static final int STEPS = 4;

    private static ProcessCluster cluster;
    private static Server server;

    @BeforeAll
    static void startWithSmallLimits() {
        List<String> stage = List.of("--max-held", "3");
        cluster = ProcessCluster.start(
                new Layout(
                        Map.of(Role.GATEWAY, 1, Role.TEXT_ENCODER, 1, Role.DENOISER, 1, Role.DECODER, 1),
                        Map.of(
                                Role.GATEWAY, List.of("--max-images", String.valueOf(MOST_IMAGES)),
                                Role.TEXT_ENCODER, stage,
                                Role.DENOISER, stage,
                                Role.DECODER, stage)),
                () -> Host.LOOPBACK);
        server = Server.at(cluster.gateways().get(0).toString());
        Awaitility.await("all stages to be known")
                .atMost(Duration.ofSeconds(60))
                .until(() -> ask(1).join().status() == 200);
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void aStormIsRefusedAtTheDoorAndTheClusterServesAsBefore() {
        List<Answer> answers = IntStream.range(0, STORM).mapToObj(OverloadTest::ask).toList().stream()
                .map(CompletableFuture::join)
                .toList();
        assertThat(answers).allMatch(answer -> answer.status() == 200 || answer.status() == 429);
        assertThat(answers)
                .filteredOn(answer -> answer.status() == 200)
                .as("those that were let in were served")
                .hasSizeGreaterThanOrEqualTo(MOST_IMAGES);
        assertThat(answers).filteredOn(answer -> answer.status() == 429).isNotEmpty();
        assertThat(cluster.members()).extracting(Member::process).allMatch(process -> process.isAlive());
        assertNothingIsHeld();
        assertThat(IntStream.range(0, MOST_IMAGES).mapToObj(OverloadTest::ask).toList().stream()
                        .map(CompletableFuture::join))
                .allMatch(answer -> answer.status() == 200);
    }

    private static void assertNothingIsHeld() {
        Awaitility.await("every stage to be empty")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> {
                    JsonNode now = server.get("/v1/cluster");
                    assertThat(now.path("gateway").path("images").asInt()).isZero();
                    for (JsonNode stage : now.path("stages")) {
                        for (JsonNode node : stage.path("nodes")) {
                            assertThat(node.path("free_credits").asInt())
                                    .isEqualTo(node.path("capacity").asInt());
                        }
                    }
                });
    }

    private static CompletableFuture<Answer> ask(int seed) {
        return server.generate(Map.of("prompt", "a red apple", "seed", seed, "num_inference_steps", STEPS));
    }
}
