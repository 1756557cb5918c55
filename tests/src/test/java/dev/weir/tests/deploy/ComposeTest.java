package dev.weir.tests.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.Network;
import dev.weir.tests.Server;
import dev.weir.tests.deploy.ComposeRun.Container;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The Compose file, run: two gateways behind the proxy, two denoisers, one node for each other stage, and Prometheus. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ComposeTest {

    private static final int HTTP = 8080;
    private static final int PROMETHEUS = 9090;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Map<String, Object> APPLE =
            Map.of("prompt", "a red apple", "seed", 7, "num_inference_steps", 4, "stream", false);

    @TempDir
    static Path scratch;

    private static ComposeRun run;

    @BeforeAll
    static void up() throws IOException {
        Network.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        for (String tool : List.of("dnsmasq", "haproxy")) {
            assumeTrue(ComposeRun.isInstalled(tool), "skipped: %s is not installed".formatted(tool));
        }
        run = new ComposeRun(ImageFolder.layOut(), scratch);
        run.up(ComposeFile.read(), Map.of("denoiser", 2));
        for (Container gateway : run.of("gateway")) {
            Server server = Server.at(gateway.url(HTTP));
            Awaitility.await("a gateway to know both denoisers")
                    .atMost(PATIENCE)
                    .until(() -> denoisers(server) == 2);
        }
    }

    @AfterAll
    static void down() throws IOException {
        if (run != null) {
            run.close();
        }
    }

    @Test
    @Order(1)
    void bothGatewaysMakeTheSamePictureAndSoDoesTheProxy() {
        assertThat(run.of("gateway")).hasSize(2);
        Set<String> pictures = new HashSet<>();
        for (Container gateway : run.of("gateway")) {
            pictures.add(picture(gateway));
        }
        pictures.add(picture(proxy()));
        assertThat(pictures).hasSize(1);
    }

    @Test
    @Order(2)
    void aWebSocketPassesTheProxy() {
        CompletableFuture<String> first = new CompletableFuture<>();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(
                        URI.create(proxy().url(HTTP).replace("http", "ws") + "/v1/stream"), new WebSocket.Listener() {
                            @Override
                            public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                                first.complete(data.toString());
                                return WebSocket.Listener.super.onText(from, data, last);
                            }
                        })
                .join();
        socket.sendText("{\"type\":\"generate\",\"id\":\"one\",\"prompt\":\"a fox\",\"num_inference_steps\":2}", true);
        assertThat(first.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join())
                .contains("\"one\"");
        socket.abort();
    }

    @Test
    @Order(3)
    void whatDashboardsAndAlertsAskForIsServed() throws IOException {
        StringBuilder metrics = new StringBuilder();
        run.nodes().forEach(node -> metrics.append(Server.at(node.url(HTTP)).text("/metrics")));
        for (String name : MetricNames.asked()) {
            assertThat(MetricNames.isServed(name, metrics.toString())).as(name).isTrue();
        }
    }

    @Test
    @Order(4)
    void prometheusFindsEveryNodeAndAnswersTheDashboard() throws IOException {
        assumeTrue(!run.of("prometheus").isEmpty(), "skipped: prometheus is not installed");
        Server prometheus = Server.at(run.of("prometheus").get(0).url(PROMETHEUS));
        int nodes = run.nodes().size();
        Awaitility.await("all nodes to be scraped").atMost(PATIENCE).untilAsserted(() -> {
            JsonNode up = query(prometheus, "sum(up{job=\"weir\"})");
            assertThat(up.path("data")
                            .path("result")
                            .path(0)
                            .path("value")
                            .path(1)
                            .asText())
                    .isEqualTo(String.valueOf(nodes));
        });
        for (String expression : MetricNames.dashboardExpressions()) {
            assertThat(query(prometheus, expression).path("status").asText())
                    .as(expression)
                    .isEqualTo("success");
        }
    }

    @Test
    @Order(5)
    void aGatewayMayBeKilled() throws IOException {
        run.kill(run.of("gateway").get(0));
        for (int i = 0; i < 4; i++) {
            picture(proxy());
        }
    }

    private static Container proxy() {
        return run.of("proxy").get(0);
    }

    private static String picture(Container door) {
        Server.Answer answer = Server.at(door.url(HTTP)).generate(APPLE).join();
        assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
        return answer.body().path("data").path(0).path("b64_json").asText();
    }

    private static long denoisers(Server gateway) {
        return StreamSupport.stream(gateway.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("denoiser"))
                .mapToLong(stage -> stage.path("nodes").size())
                .sum();
    }

    private static JsonNode query(Server prometheus, String expression) {
        return prometheus.get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    }
}
