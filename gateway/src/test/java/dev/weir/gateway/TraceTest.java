package dev.weir.gateway;

import static dev.weir.gateway.TestGateway.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.cluster.Cluster;
import dev.weir.runtime.stage.StageNode;
import dev.weir.runtime.trace.Tracing;
import dev.weir.testing.FreePort;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A client's trace, through gateway and stages. */
@Execution(ExecutionMode.CONCURRENT)
final class TraceTest {

    private static final String REQUEST = "POST /v1/images/generations";
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CLIENT = "b7ad6b7169203331";

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Tracing tracing = Tracing.to(OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(spans))
                    .build())
            .build());
    private final List<Vertx> started = new ArrayList<>();

    @AfterEach
    void close() {
        for (int i = started.size() - 1; i >= 0; i--) {
            get(started.get(i).close());
        }
    }

    @Test
    void oneTraceShowsEveryStageOfARequest() throws Exception {
        NodeContext node = node(keep(Vertx.vertx()), "a", tracing);
        deploy(node, StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);

        generate(gateway(node), Optional.of("00-%s-%s-01".formatted(TRACE, CLIENT)));

        assertOneTrace();
        assertThat(byPath().get(REQUEST).getParentSpanId()).isEqualTo(CLIENT);
        SpanData device = byPath().get(REQUEST + " > sample > denoiser > device");
        assertThat(device.getAttributes().get(AttributeKey.longKey("weir.steps")))
                .isEqualTo(3);
        assertThat(device.getEvents())
                .extracting(
                        event -> event.getName() + " " + event.getAttributes().get(AttributeKey.longKey("weir.step")))
                .containsExactly("step 1", "step 2", "step 3");
    }

    @Test
    void aTraceGoesOnAtTheNodesOfACluster() throws Exception {
        String cluster = "test-" + UUID.randomUUID();
        HostPort first = new HostPort("127.0.0.1", FreePort.next());
        NodeContext one = node(join("a", cluster, first, List.of()), "a", tracing);
        NodeContext other =
                node(join("b", cluster, new HostPort("127.0.0.1", FreePort.next()), List.of(first)), "b", tracing);
        deploy(one, StageKind.DECODER);
        deploy(other, StageKind.TEXT_ENCODER, StageKind.DENOISER);

        generate(gateway(one), Optional.of("00-%s-%s-01".formatted(TRACE, CLIENT)));

        assertOneTrace();
        AttributeKey<String> node = AttributeKey.stringKey("weir.node");
        assertThat(byPath().get(REQUEST + " > sample > denoiser")
                        .getAttributes()
                        .get(node))
                .isEqualTo("b");
        assertThat(byPath().get(REQUEST + " > sample > decoder").getAttributes().get(node))
                .isEqualTo("a");
    }

    @Test
    void aRequestWithoutATraceBeginsOneAndATraceThatTheClientDoesNotRecordIsNotRecorded() throws Exception {
        NodeContext node = node(keep(Vertx.vertx()), "a", tracing);
        deploy(node, StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);
        GatewayVerticle gateway = gateway(node);

        generate(gateway, Optional.of("00-%s-%s-00".formatted(TRACE, CLIENT)));
        generate(gateway, Optional.empty());
        generate(gateway, Optional.of("no traceparent"));

        await().until(() -> spans.getFinishedSpanItems().size() == 28);
        assertThat(spans.getFinishedSpanItems())
                .extracting(SpanData::getTraceId)
                .doesNotContain(TRACE)
                .satisfies(traces -> assertThat(traces.stream().distinct()).hasSize(2));
    }

    @Test
    void whereTracingIsOffNothingIsTraced() throws Exception {
        NodeContext node = node(keep(Vertx.vertx()), "a", Tracing.off());
        deploy(node, StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);

        generate(gateway(node), Optional.empty());

        assertThat(spans.getFinishedSpanItems()).isEmpty();
    }

    private void assertOneTrace() {
        await().until(() -> spans.getFinishedSpanItems().size() >= 14);
        assertThat(spans.getFinishedSpanItems())
                .extracting(SpanData::getTraceId)
                .containsOnly(TRACE);
        String sample = REQUEST + " > sample";
        assertThat(byPath())
                .containsOnlyKeys(
                        REQUEST,
                        sample,
                        sample + " > dispatch text-encoder",
                        sample + " > text-encoder",
                        sample + " > text-encoder > queue",
                        sample + " > text-encoder > device",
                        sample + " > dispatch denoiser",
                        sample + " > denoiser",
                        sample + " > denoiser > queue",
                        sample + " > denoiser > device",
                        sample + " > dispatch decoder",
                        sample + " > decoder",
                        sample + " > decoder > queue",
                        sample + " > decoder > device");
    }

    /** Spans by the names of those above them and their own. */
    private Map<String, SpanData> byPath() {
        Map<String, SpanData> byId = spans.getFinishedSpanItems().stream()
                .collect(Collectors.toMap(SpanData::getSpanId, Function.identity()));
        return byId.values().stream().collect(Collectors.toMap(span -> path(span, byId), Function.identity()));
    }

    private static String path(SpanData span, Map<String, SpanData> byId) {
        SpanData parent = byId.get(span.getParentSpanId());
        return parent == null ? span.getName() : path(parent, byId) + " > " + span.getName();
    }

    private static void generate(GatewayVerticle gateway, Optional<String> traceparent) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + gateway.actualPort() + "/v1/images/generations"))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"prompt\": \"a red apple\", \"num_inference_steps\": 3}"));
        traceparent.ifPresent(value -> request.header("traceparent", value));
        assertThat(HttpClient.newHttpClient()
                        .send(request.build(), BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
    }

    private static NodeContext node(Vertx vertx, String id, Tracing traced) {
        return get(NodeContext.create(vertx, id, NodeConfig.Limits.DEFAULT, new SimpleMeterRegistry(), traced));
    }

    private static void deploy(NodeContext node, StageKind... stages) {
        for (StageKind stage : stages) {
            get(node.vertx().deployVerticle(new StageNode(node, new RelayStage(stage, new CountDownLatch(0)))));
        }
    }

    private static GatewayVerticle gateway(NodeContext node) {
        GatewayVerticle gateway = new GatewayVerticle(node, TestGateway.CONFIG);
        get(node.vertx().deployVerticle(gateway));
        node.health().started();
        await().until(gateway::ready);
        return gateway;
    }

    private Vertx join(String id, String name, HostPort bind, List<HostPort> join) {
        ClusterConfig config = new ClusterConfig(name, Optional.of(bind), 0, join, false);
        return keep(get(Cluster.join(id, config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx());
    }

    private Vertx keep(Vertx vertx) {
        started.add(vertx);
        return vertx;
    }
}
