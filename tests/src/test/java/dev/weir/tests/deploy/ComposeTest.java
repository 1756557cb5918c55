package dev.weir.tests.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.bench.cluster.Network;
import dev.weir.tests.Server;
import dev.weir.tests.SocketPictures;
import dev.weir.tests.WatchedJob;
import dev.weir.tests.deploy.ComposeRun.Container;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Compose file, run: two gateways behind the proxy, two denoisers, one node for each other stage, and Prometheus. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ComposeTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HTTP = 8080;
    private static final int PROMETHEUS = 9090;
    private static final int STEPS = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Images are generated one at a time, so that all paths to one use the same kernels. */
    private static final Map<String, Object> APPLE =
            Map.of("prompt", "a red apple", "seed", 7, "num_inference_steps", STEPS);

    @TempDir
    static Path scratch;

    private static ComposeRun run;
    private static byte[] apple;

    /** Each start has its own bound; eight of them on a busy machine may together take longer than one test may. */
    @BeforeAll
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    static void up() throws IOException {
        Network.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        Confinement.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        for (String tool : List.of("dnsmasq", "haproxy", "prometheus")) {
            assumeTrue(ComposeRun.isInstalled(tool), "skipped: %s is not installed".formatted(tool));
        }
        run = new ComposeRun(ImageFolder.layOut(), scratch);
        run.up(ComposeFile.read(), Map.of("denoiser", 2));
        assertThat(run.of("gateway")).hasSize(2);
        for (Container door :
                List.of(run.of("gateway").get(0), run.of("gateway").get(1), proxy())) {
            Awaitility.await("a gateway to know of the other, and of both denoisers")
                    .atMost(PATIENCE)
                    .ignoreExceptions()
                    .untilAsserted(() -> assertKnowsAll(Server.at(door.url(HTTP))));
        }
        apple = picture(run.of("gateway").get(0));
    }

    @AfterAll
    static void down() throws IOException {
        if (run != null) {
            run.close();
        }
    }

    @Test
    @Order(0)
    void containersAreAsRestrictedAsAnEngineMakesThem() {
        for (Container node : run.nodes()) {
            var outcome = run.exec(
                    node,
                    List.of(
                            "sh",
                            "-c",
                            """
                    echo "$(id -u):$(id -g) in $PWD, home: ${HOME-none}"
                    id -un >/dev/null 2>&1 && echo "the user has a name"
                    for file in /x /app/x /app/models/x; do touch $file 2>/dev/null && echo "$file can be written"; done
                    touch /tmp/x && cp /bin/true /tmp/true
                    /tmp/true 2>/dev/null && echo "/tmp is executable"
                    sed -n 's/^CapBnd:[^0-9]*//p; s/^NoNewPrivs:[^0-9]*/no new privileges: /p' /proc/self/status
                    """));
            assertThat(outcome.err()).isEmpty();
            assertThat(outcome.out().lines())
                    .containsExactly("10001:10001 in /tmp, home: none", "0000000000000000", "no new privileges: 1");
        }
    }

    @Test
    @Order(0)
    void textIsUtf8InAContainer() {
        // The name goes through a shell, since the locale of this JVM may not have the letters.
        var outcome = run.exec(
                run.nodes().get(0),
                List.of(
                        "sh",
                        "-c",
                        """
                        name=$(printf '\\320\\272\\320\\276\\321\\202')
                        /app/weir models inspect "$name" 2>&1 | grep -c "neither a model folder $name nor"
                        """));
        assertThat(outcome.out()).as(outcome.err()).isEqualTo("1");
    }

    @Test
    @Order(1)
    void theProxyAndBothGatewaysMakeTheSamePicture() {
        assertThat(picture(run.of("gateway").get(1))).isEqualTo(apple);
        assertThat(picture(proxy())).isEqualTo(apple);
    }

    @Test
    @Order(2)
    void eventsOfAJobPassTheProxy() {
        // The events may be requested from the gateway that does not own the job.
        WatchedJob job = WatchedJob.start(Server.at(proxy().url(HTTP)), APPLE);
        assertThat(job.pictures()).containsExactly(apple);
        assertThat(job.events("progress")).isNotEmpty();
    }

    @Test
    @Order(3)
    void aWebSocketPassesTheProxy() {
        ObjectNode command = JSON.valueToTree(APPLE);
        command.put("type", "generate").put("id", "one");
        Server proxy = Server.at(proxy().url(HTTP));
        try (SocketPictures socket = new SocketPictures(proxy.url(), command.toString())) {
            Awaitility.await("the picture").atMost(PATIENCE).until(() -> !socket.events("completed")
                    .isEmpty());
            assertThat(socket.events("progress")).isNotEmpty();
            assertThat(socket.finals()).containsOnlyKeys(0).containsEntry(0, apple);
        }
    }

    @Test
    @Order(4)
    void whatDashboardsAlertsAndAutoscalersAskForIsServed() throws IOException {
        StringBuilder metrics = new StringBuilder();
        run.nodes().forEach(node -> metrics.append(Server.at(node.url(HTTP)).text("/metrics")));
        assertThat(MetricNames.asked()).isNotEmpty();
        for (String name : MetricNames.asked()) {
            assertThat(MetricNames.isServed(name, metrics.toString())).as(name).isTrue();
        }
    }

    @Test
    @Order(5)
    void prometheusFindsEveryNodeAndAnswersTheDashboard() throws IOException {
        Server prometheus = Server.at(run.of("prometheus").get(0).url(PROMETHEUS));
        Awaitility.await("all nodes to be scraped")
                .atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(query(prometheus, "sum(up{job=\"weir\"})")
                                .at("/data/result/0/value/1")
                                .asInt())
                        .isEqualTo(run.nodes().size()));
        for (String expression : MetricNames.dashboardExpressions()) {
            assertThat(query(prometheus, expression).path("status").asText())
                    .as(expression)
                    .isEqualTo("success");
        }
    }

    @Test
    @Order(6)
    void aGatewayMayBeKilled() throws IOException {
        run.kill(run.of("gateway").get(0));
        for (int i = 0; i < 4; i++) {
            assertThat(picture(proxy())).isEqualTo(apple);
        }
    }

    private static Container proxy() {
        return run.of("proxy").get(0);
    }

    private static byte[] picture(Container door) {
        Server.Answer answer = Server.at(door.url(HTTP)).generate(APPLE).join();
        assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
        return Base64.getDecoder().decode(answer.body().at("/data/0/b64_json").asText());
    }

    private static void assertKnowsAll(Server gateway) {
        JsonNode cluster = gateway.get("/v1/cluster");
        long denoisers = StreamSupport.stream(cluster.path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("denoiser"))
                .mapToLong(stage -> stage.path("nodes").size())
                .sum();
        assertThat(denoisers).as("%s", cluster).isEqualTo(2);
        assertThat(cluster.path("other_gateways")).as("%s", cluster).hasSize(1);
    }

    private static JsonNode query(Server prometheus, String expression) {
        return prometheus.get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    }
}
