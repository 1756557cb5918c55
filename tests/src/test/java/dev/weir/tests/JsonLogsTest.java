package dev.weir.tests;

import static dev.weir.proto.v1.StageKind.DECODER;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.Node;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeConfig.Compute;
import dev.weir.runtime.Role;
import dev.weir.testing.FreePort;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The logs of a process in JSON format. */
final class JsonLogsTest {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String cluster = "test-" + UUID.randomUUID();

    @Test
    void everyLineIsAnObjectAndThoseOfAFailedSampleNameIt() throws Exception {
        HostPort here = new HostPort("127.0.0.1", FreePort.next());
        Node owner = get(Node.start(owner(here), (role, context) -> new VerticleBase() {}));
        try (WeirProcess decoder = WeirProcess.start(List.of(
                "node", "decoder", "-v", "--log-format", "json", "--join", here.toString(), "--cluster", cluster))) {
            decoder.awaitReady();
            Awaitility.await("the decoder to be known")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> !owner.context().directory().alive(DECODER).isEmpty());
            String decoderId = owner.context().directory().alive(DECODER).get(0).getNodeId();

            get(owner.context().dispatcher().dispatch(withoutLatent(), List.of()));
            Awaitility.await("the failure to be logged")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> lines(decoder).stream().anyMatch(line -> line.has("job")));

            JsonNode failure = lines(decoder).stream()
                    .filter(line -> line.has("job"))
                    .findFirst()
                    .orElseThrow();
            assertThat(failure.path("job").asText()).isEqualTo("job-7");
            assertThat(failure.path("sample").asText()).isEqualTo("2");
            assertThat(failure.path("attempt").asText()).isEqualTo("3");
            assertThat(failure.path("stage").asText()).isEqualTo("decoder");
            assertThat(failure.path("trace").asText()).isEqualTo(TRACE);
            assertThat(failure.path("node").asText()).isEqualTo(decoderId);
            assertThat(failure.path("level").asText()).isEqualTo("WARN");
            assertThat(failure.path("message").asText()).contains("invalid_task", "latent");
            assertThat(failure.path("@timestamp").asText()).startsWith("20");
        } finally {
            get(owner.close());
        }
    }

    @Test
    void aCommandThatFailsSaysSoInJsonToo() throws JsonProcessingException {
        var outcome = WeirProcess.run(
                Path.of(System.getProperty("java.io.tmpdir")),
                Map.of("WEIR_LOG_FORMAT", "json"),
                List.of("node", "decoder", "--model", "nowhere"));

        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(JSON.readTree(outcome.err()).path("message").asText()).contains("nowhere");
    }

    private NodeConfig owner(HostPort bind) {
        ClusterConfig config = new ClusterConfig(cluster, Optional.of(bind), 0, List.of(), false);
        return new NodeConfig(
                Set.of(Role.GATEWAY),
                Optional.of(config),
                Optional.empty(),
                Compute.auto(List.of()),
                NodeConfig.Limits.DEFAULT);
    }

    private static Task withoutLatent() {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("job-7").setSample(2).setAttempt(3))
                .setOwner("weir.nobody")
                .setTraceparent("00-%s-b7ad6b7169203331-01".formatted(TRACE))
                .setModel("default")
                .addRoute(Stage.newBuilder().setName("decoder").setRole(StageRole.DECODE))
                .build();
    }

    /** Everything that it wrote to stderr. A line that is not JSON fails the test. */
    private static List<JsonNode> lines(WeirProcess process) {
        return process.transcript()
                .lines()
                .filter(line -> !line.isEmpty() && !line.matches("(cluster|ready) .*"))
                .map(JsonLogsTest::parse)
                .toList();
    }

    private static JsonNode parse(String line) {
        try {
            JsonNode object = JSON.readTree(line);
            assertThat(object.isObject()).as(line).isTrue();
            return object;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(line, e);
        }
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
