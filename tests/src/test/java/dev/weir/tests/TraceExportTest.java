package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Jvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spans that a process sends to an OpenTelemetry collector. */
final class TraceExportTest {

    @TempDir
    Path folder;

    private final List<String> received = new CopyOnWriteArrayList<>();
    private HttpServer collector;

    @BeforeEach
    void listen() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/", this::receive);
        collector.start();
    }

    @AfterEach
    void stop() {
        collector.stop(0);
    }

    /** Protobuf contains its strings unchanged. */
    private void receive(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1);
        received.add(exchange.getRequestURI().getPath() + " " + body);
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    @Test
    void aServerThatStopsHasSentTheSpansOfItsPictures() {
        try (WeirProcess up = WeirProcess.start(
                Jvm.WEIR, folder, Map.of("WEIR_TRACE_ENDPOINT", endpoint()), List.of("up", "--port", "0"))) {
            assertThat(Server.at(up.awaitReady())
                            .generate(Map.of("prompt", "a red apple", "num_inference_steps", 2))
                            .join()
                            .status())
                    .isEqualTo(200);
            up.terminate();
            up.awaitExit();
        }

        assertThat(received).isNotEmpty().allMatch(request -> request.startsWith("/v1/traces "));
        assertThat(String.join("", received))
                .contains("POST /v1/images/generations", "sample", "dispatch denoiser", "queue", "device", "weir.steps")
                .contains("service.name", "weir");
    }

    @Test
    void anEndpointThatIsNoneIsRefused() {
        var outcome = WeirProcess.run(
                folder, Map.of(), List.of("up", "-v", "--trace-endpoint", "http://user:secret@collector"));

        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("trace-endpoint").doesNotContain("secret");
    }

    private String endpoint() {
        return "http://127.0.0.1:" + collector.getAddress().getPort();
    }
}
