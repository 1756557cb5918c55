package dev.weir.runtime;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.proto.v1.StageKind.TEXT_ENCODER;
import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.runtime.NodeConfig.Compute;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.ops.OpsServer;
import dev.weir.runtime.stage.StageNode;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTest {

    private final Semaphore gate = new Semaphore(1_000_000);
    private @TempDir Path model;
    private TestNodes nodes;

    @BeforeEach
    void prepare() throws Exception {
        nodes = new TestNodes(model, gate);
    }

    @AfterEach
    void closeAll() throws Exception {
        nodes.close();
    }

    @Test
    void oneProcessRunsEveryStageWithoutACluster() throws Exception {
        Node node = nodes.start(nodes.alone(Role.TEXT_ENCODER, Role.DENOISER, Role.DECODER));
        TestOwner owner = get(TestOwner.on(node.context()));

        get(owner.dispatch(owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build(), 1));

        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());
        assertThat(node.context().health().unready()).isEmpty();
        assertThat(node.clusterAddress()).isEmpty();
    }

    @Test
    void healthReadinessAndMetricsAreServed() throws Exception {
        Node node = nodes.start(nodes.alone(Role.DECODER));
        OpsServer ops = new OpsServer(node.context(), new HostPort("127.0.0.1", 0), vertx -> RoutingContext::next);
        get(node.context().vertx().deployVerticle(ops));
        TestOwner owner = get(TestOwner.on(node.context()));
        get(owner.dispatch(owner.task("job", DECODER).build(), 1));
        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());

        assertThat(fetch(node, ops, "/healthz")).isEqualTo("200 {\"alive\":true,\"problems\":[],\"warnings\":[]}");
        assertThat(fetch(node, ops, "/readyz")).isEqualTo("200 {\"ready\":true,\"problems\":[],\"warnings\":[]}");
        assertThat(fetch(node, ops, "/metrics"))
                .contains("weir_stage_step_seconds_count{stage=\"decoder\"} 1")
                .contains("weir_stage_batch_rows_count{stage=\"decoder\"} 1")
                .contains("weir_stage_queue_seconds_count{stage=\"decoder\"} 1")
                .contains("weir_stage_backlog_seconds{stage=\"decoder\",unit=\"0\"} 0")
                .contains("weir_stage_held{stage=\"decoder\",unit=\"0\"} 0")
                .contains("weir_offers_total{stage=\"decoder\",verdict=\"accepted\"} 1")
                .contains("weir_bus_bytes_total{direction=\"sent\"}")
                .contains("weir_bus_garbled_total 0");
        node.context().health().fail("worn out");
        assertThat(fetch(node, ops, "/healthz"))
                .isEqualTo("503 {\"alive\":false,\"problems\":[\"worn out\"],\"warnings\":[]}");
    }

    @Test
    void everythingThatIsWrongWithAConfigurationIsSaidAtOnce() throws Exception {
        ClusterConfig cluster = new ClusterConfig(" ", Optional.empty(), -1, List.of(), true);
        Compute compute = new Compute(List.of(model.resolve("nowhere")), "tpu", "int4", -1);
        Limits limits = new Limits(Duration.ofSeconds(-1), Duration.ofDays(1), Duration.ZERO);
        NodeConfig config = new NodeConfig(
                Set.of(Role.GATEWAY, Role.DECODER), Optional.of(cluster), Optional.empty(), compute, limits);

        Throwable problem = failure(Node.start(config, (role, context) -> {
            throw new AssertionError("not to be reached");
        }));

        assertThat(((ConfigException) problem).problems())
                .extracting(text -> text.substring(0, text.indexOf(':')))
                .containsExactlyInAnyOrder(
                        "cluster",
                        "bus-port",
                        "lite",
                        "lite",
                        "model",
                        "device",
                        "precision",
                        "threads",
                        "drain-time",
                        "stall-limit");
    }

    @Test
    void aRoleThatCannotStartLeavesNothingRunning() throws Exception {
        IllegalStateException broken = new IllegalStateException("unet/config.json: no such file");

        Throwable problem = failure(Node.start(nodes.alone(Role.DECODER), (role, context) -> {
            TestStage stage = new TestStage(DECODER, 1);
            stage.openProblem = broken;
            return new StageNode(context, stage);
        }));

        assertThat(problem).isSameAs(broken);
    }

    /** Vert.x prints a stack trace if it is closed while a server begins to listen. */
    @Test
    void aGatewayThatIsStartingIsUpBeforeTheNodeClosesForAnotherRole() throws Exception {
        IllegalStateException broken = new IllegalStateException("unet/config.json: no such file");
        AtomicReference<Future<HttpServer>> listening = new AtomicReference<>();
        VerticleBase gateway = new VerticleBase() {
            @Override
            public Future<?> start() {
                return vertx.timer(100, TimeUnit.MILLISECONDS)
                        .compose(late -> vertx.createHttpServer()
                                .requestHandler(request -> {})
                                .listen(0, "127.0.0.1"))
                        .onComplete(done -> listening.set(
                                done.succeeded()
                                        ? Future.succeededFuture(done.result())
                                        : Future.failedFuture(done.cause())));
            }
        };
        VerticleBase stage = new VerticleBase() {
            @Override
            public Future<?> start() {
                return Future.failedFuture(broken);
            }
        };

        Throwable problem = failure(Node.start(
                nodes.alone(Role.GATEWAY, Role.DECODER), (role, context) -> role == Role.GATEWAY ? gateway : stage));

        assertThat(problem).isSameAs(broken);
        assertThat(listening.get()).as("it listened, and was closed then").isNotNull();
        assertThat(listening.get().succeeded()).isTrue();
    }

    @Test
    void addressesAreReadAsPeopleWriteThem() {
        assertThat(HostPort.parse("10.0.0.1:5701")).isEqualTo(new HostPort("10.0.0.1", 5701));
        assertThat(HostPort.parse("gateway")).isEqualTo(new HostPort("gateway", 0));
        assertThat(HostPort.parse("[::1]:80")).hasToString("[::1]:80").isEqualTo(new HostPort("::1", 80));
        assertThat(HostPort.parse("2001:db8::1")).isEqualTo(new HostPort("2001:db8::1", 0));
        for (String bad : List.of("", ":80", "host:", "host:port", "host:70000", "host:0")) {
            assertThat(catchThrowable(() -> HostPort.parse(bad)))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"" + bad + "\"");
        }
    }

    private static String fetch(Node node, OpsServer ops, String path) throws Exception {
        // Vert.x closes a client that nobody refers to, also while a request of it waits for its answer.
        HttpClient client = node.context().vertx().createHttpClient();
        try {
            return get(client.request(HttpMethod.GET, ops.port(), "127.0.0.1", path)
                    .compose(HttpClientRequest::send)
                    .compose(response -> response.body().map(body -> response.statusCode() + " " + body)));
        } finally {
            client.close();
        }
    }
}
