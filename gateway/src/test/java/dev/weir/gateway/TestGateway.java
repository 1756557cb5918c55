package dev.weir.gateway;

import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Offer;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.ops.Health;
import dev.weir.runtime.route.Dispatcher;
import dev.weir.runtime.trace.Tracing;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A gateway on a bus of its own, with one test stage behind it; to be closed. */
final class TestGateway implements AutoCloseable {

    static final ModelCard CARD = ModelCard.newBuilder()
            .setId("tiny")
            .setLatentChannels(4)
            .setScale(8)
            .setNativeSize(64)
            .setUpsampleFactor(2)
            .addSamplers(TestCards.sampler("ddim").setTakesEta(true))
            .addSamplers(TestCards.sampler("euler")
                    .addSchedules("karras")
                    .setLeastSteps(2)
                    .setMostSteps(40))
            .addSamplers(TestCards.sampler("pndm").setExtraCalls(1))
            .setDefaultSampler("ddim")
            .setDefaultSteps(4)
            .setDefaultGuidanceScale(4)
            .setMaxSteps(50)
            .addWorkflows(TestCards.textToImage(32, 64, 8, 64))
            .addWorkflows(TestCards.upsampled(64, 128, 16, 128))
            .addWorkflows(TestCards.imageToImage(32, 64, 8, 64))
            .build();

    static final Patience PATIENCE = new Patience(
            Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(30));

    static final GatewayConfig CONFIG = new GatewayConfig("127.0.0.1", 0, Limits.DEFAULT, PATIENCE);

    final Vertx vertx;
    final TestDirectory directory;
    final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    final TestStage stage;
    /** What stages were told to drop: a job, or job/sample. */
    final List<String> cancels = new CopyOnWriteArrayList<>();

    final List<Cancel> cancellations = new CopyOnWriteArrayList<>();

    final ClusterMemory memory;
    private final HttpClient http = HttpClient.newHttpClient();
    private final NodeContext node;
    private final GatewayVerticle verticle;
    private final String deployment;
    /** The verticle's event loop. */
    private Context loop;

    TestGateway() {
        this(CONFIG);
    }

    TestGateway(GatewayConfig config) {
        this(config, Vertx.vertx());
    }

    private TestGateway(GatewayConfig config, Vertx vertx) {
        this(config, vertx, new LocalMemory(vertx));
    }

    TestGateway(GatewayConfig config, Vertx vertx, ClusterMemory memory) {
        this.vertx = vertx;
        this.memory = memory;
        this.directory = new TestDirectory();
        Courier courier = Courier.of(vertx, metrics);
        stage = new TestStage(courier);
        get(courier.listen(Addresses.stage(StageKind.TEXT_ENCODER, TestStage.NODE), stage::offered));
        get(courier.listen(Addresses.stage(StageKind.DENOISER, TestStage.NODE), stage::offered));
        get(courier.listen(Addresses.stage(StageKind.DECODER, TestStage.NODE), stage::offered));
        get(courier.listen(Addresses.CANCEL, delivery -> {
            cancellations.add(delivery.parcel().header().getCancel());
            cancels.add(named(delivery.parcel().header().getCancel()));
        }));
        for (StageKind kind :
                List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)) {
            directory.put(status(kind).build());
        }
        node = node("gateway-a", courier);
        verticle = new GatewayVerticle(node, config);
        deployment = get(vertx.deployVerticle(new OnKnownLoop()));
    }

    private static String named(Cancel cancel) {
        return cancel.hasSample()
                ? cancel.getSample().getJobId() + "/" + cancel.getSample().getSample()
                : cancel.getJobId();
    }

    /** Another gateway of the same cluster, before the same stage. */
    private TestGateway(TestGateway first, GatewayConfig config) {
        vertx = first.vertx;
        memory = first.memory;
        directory = first.directory;
        stage = first.stage;
        node = node("gateway-b", Courier.of(vertx, metrics));
        verticle = new GatewayVerticle(node, config);
        deployment = get(vertx.deployVerticle(new OnKnownLoop()));
    }

    /** A gateway of this cluster that knows nobody yet; it ends with this one. */
    TestGateway another(GatewayConfig config) {
        return new TestGateway(this, config);
    }

    /** The same, once each has heard of the other. */
    TestGateway beside(GatewayConfig config) {
        TestGateway second = another(config);
        await().until(() -> others() == 1 && second.others() == 1);
        return second;
    }

    private int others() {
        return new JsonObject(fetch("/v1/cluster").body())
                .getJsonArray("other_gateways")
                .size();
    }

    private NodeContext node(String name, Courier courier) {
        NodeContext context = new NodeContext(
                vertx,
                name,
                courier,
                directory,
                new BusDispatcher(courier),
                memory,
                new Health(Duration.ofSeconds(10)),
                metrics,
                Tracing.off());
        context.health().started();
        return context;
    }

    static NodeStatus.Builder status(StageKind kind) {
        return NodeStatus.newBuilder()
                .setNodeId(TestStage.NODE)
                .setAddress(Addresses.stage(kind, TestStage.NODE))
                .setStage(kind)
                .setCapacity(8)
                .setFreeCredits(8)
                .addModels(ModelStatus.newBuilder()
                        .setId(CARD.getId())
                        .addStages(Addresses.name(kind))
                        .setCard(CARD));
    }

    /** Offers to the one node of the task's stage, once. */
    private record BusDispatcher(Courier courier) implements Dispatcher {

        @Override
        public Future<NodeStatus> dispatch(Task task, List<Tensor> tensors) {
            NodeStatus first =
                    status(TestCards.kind(task.getRoute(task.getPosition()))).build();
            return courier.offer(
                            first.getAddress(),
                            Parcel.of(Offer.newBuilder().setTask(task).build(), tensors))
                    .map(first);
        }

        @Override
        public Future<Void> tryOnce(Task task, List<Tensor> tensors) {
            return dispatch(task, tensors).mapEmpty();
        }
    }

    int port() {
        return verticle.actualPort();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    /** The verticle, which keeps its context to itself. */
    private final class OnKnownLoop implements Deployable {

        @Override
        public Future<?> deploy(Context context) throws Exception {
            loop = context;
            return verticle.deploy(context);
        }

        @Override
        public Future<?> undeploy(Context context) throws Exception {
            return verticle.undeploy(context);
        }
    }

    /** Reads on the owner's event loop. */
    <T> T ask(Function<Jobs, T> question) {
        return get(Future.future(promise -> loop.runOnContext(v -> {
            try {
                promise.complete(question.apply(verticle.jobs()));
            } catch (RuntimeException e) {
                promise.fail(e);
            }
        })));
    }

    boolean isIdle() {
        return ask(jobs -> jobs.jobsInFlight() == 0 && jobs.samplesInFlight() == 0);
    }

    Health health() {
        return node.health();
    }

    NodeContext node() {
        return node;
    }

    int kept() {
        return ask(jobs -> verticle.kept().size());
    }

    /** To be asked on the owner's event loop. */
    KeptJob keptJob(String id) {
        return verticle.kept().find(id).orElseThrow();
    }

    /** To be asked on the owner's event loop: how many watch a job here, none where it is not shown. */
    int watchers(String id) {
        return verticle.kept().find(id).map(KeptJob::watchers).orElse(0);
    }

    int sockets() {
        return ask(jobs -> verticle.streams().sockets());
    }

    int waitingMessages() {
        return ask(jobs -> verticle.streams().waiting());
    }

    HttpClient http() {
        return http;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60));
    }

    HttpRequest post(String path, String body) {
        return request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> generate(JsonObject body) {
        return send(post("/v1/images/generations", body.encode()));
    }

    HttpResponse<String> fetch(String path) {
        return send(request(path).build());
    }

    static <T> T get(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** This gateway alone, as when it is told to end. */
    void stop() {
        get(vertx.undeploy(deployment));
    }

    @Override
    public void close() {
        get(vertx.close());
    }
}
