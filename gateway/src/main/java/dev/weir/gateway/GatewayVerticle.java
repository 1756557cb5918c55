package dev.weir.gateway;

import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.a1111.A1111Api;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.comfyui.ComfyApi;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.ClusterHandlers;
import dev.weir.gateway.http.CrossOrigin;
import dev.weir.gateway.http.Entrance;
import dev.weir.gateway.http.ImagesHandler;
import dev.weir.gateway.http.JobsHandlers;
import dev.weir.gateway.http.PageHandler;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.http.VersionCheck;
import dev.weir.gateway.huggingface.HuggingFaceApi;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.job.OtherWeights;
import dev.weir.gateway.job.UserRules;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.gateway.replicate.ReplicateApi;
import dev.weir.gateway.responses.ResponsesApi;
import dev.weir.gateway.stream.StreamHandler;
import dev.weir.gateway.user.UserLimits;
import dev.weir.gateway.user.Users;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.ops.Component;
import dev.weir.runtime.ops.OpsRoutes;
import dev.weir.runtime.store.PostgresMemory;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The gateway: an HTTP server, and the owner of the jobs that arrive through it. Everything runs on the verticle's
 * single event loop. It computes nothing, and knows models only by the cards that stage nodes publish.
 */
public final class GatewayVerticle extends VerticleBase implements Component {

    /** How often expired entries of the store are removed. */
    private static final long SWEEP_MS = 5000;

    private final NodeContext node;
    private final GatewayConfig config;
    private final ModelCatalog catalog;
    private GatewayProtocol protocol;
    private ImageMemory images;
    private Users users;
    private Authentication authentication;
    private Optional<ServerCertificate> certificate = Optional.empty();
    private Optional<PostgresMemory> store = Optional.empty();
    private Optional<ReplicateApi> replicate = Optional.empty();
    private StreamHandler streams;
    private HttpServer server;
    private volatile boolean listens;

    public GatewayVerticle(NodeContext node, GatewayConfig config) {
        this.node = node;
        this.config = config;
        this.catalog = new ModelCatalog(node.directory(), node.loop()::nanos);
    }

    /** The port on which the server listens, once deployed. */
    public int actualPort() {
        return server.actualPort();
    }

    /** The owner of the jobs, once deployed; event loop of this verticle. */
    Jobs jobs() {
        return protocol.jobs();
    }

    /** The open sockets, once deployed; event loop of this verticle. */
    StreamHandler streams() {
        return streams;
    }

    /** The jobs that are kept, once deployed; event loop of this verticle. */
    KeptJobs kept() {
        return protocol.ledger().kept();
    }

    @Override
    public Future<?> start() {
        users = config.security().keys().map(Users::of).orElseGet(Users::anyone);
        certificate = config.security().tls().map(ServerCertificate::of);
        images = new ImageMemory(config.limits().memory().attachmentsBytes());
        return memory().compose(this::begin);
    }

    /** That of the cluster, or the store with it. */
    private Future<ClusterMemory> memory() {
        return config.storage()
                .store()
                .map(database -> PostgresMemory.open(vertx, database, node.memory(), SWEEP_MS)
                        .onSuccess(opened -> {
                            store = Optional.of(opened);
                            node.health().remark(opened::remarks);
                            Gauge.builder(
                                            "weir.gateway.store.up",
                                            opened,
                                            up -> up.remarks().isEmpty() ? 1 : 0)
                                    .description("Whether the store of --store works")
                                    .register(node.metrics());
                        })
                        .<ClusterMemory>map(opened -> opened))
                .orElseGet(() -> Future.succeededFuture(node.memory()));
    }

    private Future<?> begin(ClusterMemory memory) {
        UserRules rules =
                users.haveKeys() ? new UserLimits(users, node.loop(), memory.map(MemoryArea.USAGE)) : UserRules.NONE;
        protocol = new GatewayProtocol(node.with(memory), config, catalog, images, rules);
        return protocol.start().compose(opened -> listen()).onSuccess(listening -> {
            server = listening;
            listens = true;
            users.watch(vertx, () -> {
                authentication.keysChanged();
                rules.usersChanged();
            });
            certificate.ifPresent(tls -> tls.watch(vertx, listening));
            node.health().add(this);
            OtherWeights.watch(node, catalog);
        });
    }

    private Future<HttpServer> listen() {
        return vertx.createHttpServer(serverOptions())
                .connectionHandler(VersionCheck::watch)
                .requestHandler(router())
                .listen()
                .recover(problem -> Future.failedFuture(new IOException(
                        "port %d of %s cannot be listened on: %s"
                                .formatted(config.port(), config.host(), problem.getMessage()),
                        problem)));
    }

    private HttpServerOptions serverOptions() {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(config.host())
                // No upgrade of a plain connection to HTTP/2 during a request: clients that try it gain nothing here.
                .setHttp2ClearTextEnabled(false)
                .setPort(config.port())
                .setHandle100ContinueAutomatically(true)
                .setMaxFormAttributeSize(config.limits().requests().bodyBytes())
                // Twice as much as is taken: Vert.x closes the socket of a larger one without a word.
                .setMaxWebSocketMessageSize(2 * config.limits().requests().uploadBytes())
                .setMaxWebSocketFrameSize(2 * config.limits().requests().uploadBytes())
                // Images cannot be compressed further.
                .setPerMessageWebSocketCompressionSupported(false)
                .setPerFrameWebSocketCompressionSupported(false)
                .addWebSocketSubProtocol(Authentication.SUBPROTOCOL);
        certificate.ifPresent(tls -> tls.secure(options));
        return options;
    }

    /** Before anything that may refuse a request. OpenAI's shape is Weir's own. What ComfyUI has below {@code /models} is its own. */
    private void shapeErrors(Router router) {
        Map<Api, Consumer<Router>> shapes = Map.of(
                Api.A1111, A1111Api::shapeErrors,
                Api.COMFYUI, ComfyApi::shapeErrors,
                Api.HUGGINGFACE, HuggingFaceApi::shapeErrors,
                Api.REPLICATE, ReplicateApi::shapeErrors);
        Stream.of(Api.values())
                .filter(config.apis()::contains)
                .flatMap(api -> Stream.ofNullable(shapes.get(api)))
                .forEach(shape -> shape.accept(router));
    }

    private Router router() {
        Router router = Router.router(vertx);
        Jobs jobs = protocol.jobs();
        JobLedger ledger = protocol.ledger();
        Answers answers = new Answers(vertx, config.patience().slowClient());
        ModelNames names = new ModelNames(catalog, config.aliases());
        RequestReader reader = new RequestReader(names, config.limits().requests());
        ReadingThreads threads = new ReadingThreads(vertx);
        RequestBody body = new RequestBody(config.limits().requests(), reader, threads, images);
        ApiParts parts = new ApiParts(vertx, config, body, reader, threads, images, ledger, names, answers);
        Entrance entrance = new Entrance(config.access(), config.host());
        answers.handleFailuresOf(router);
        router.route().handler(new CrossOrigin(config.access()));
        router.route().handler(entrance);
        shapeErrors(router);
        authentication = new Authentication(users, entrance.guard(), node.metrics());
        router.route().handler(authentication);
        RequestTrace trace = new RequestTrace(node.tracing());
        router.post("/v1/images/*").handler(trace);
        router.post("/v1/jobs").handler(trace);
        ImagesHandler pictures = new ImagesHandler(parts, jobs);
        pictures.mountUpscales(router);
        if (config.apis().contains(Api.OPENAI)) {
            pictures.mount(router);
            new ResponsesApi(parts).mount(router, trace);
        }
        new JobsHandlers(parts).mount(router);
        SocketEntrance sockets = new SocketEntrance(vertx, entrance.guard());
        streams = new StreamHandler(parts, sockets, node.metrics());
        router.route("/v1/stream")
                .method(HttpMethod.GET)
                .method(HttpMethod.HEAD)
                .handler(streams);
        new ClusterHandlers(node, catalog, names, jobs, ledger, answers).mount(router);
        if (config.apis().contains(Api.A1111)) {
            new A1111Api(parts).mount(router, trace);
        }
        if (config.apis().contains(Api.COMFYUI)) {
            new ComfyApi(parts, entrance.guard(), sockets).mount(router, trace);
        }
        if (config.apis().contains(Api.HUGGINGFACE)) {
            new HuggingFaceApi(parts).mount(router, trace);
        }
        if (config.apis().contains(Api.REPLICATE)) {
            ReplicateApi predictions = new ReplicateApi(parts);
            predictions.mount(router, trace);
            replicate = Optional.of(predictions);
        }
        new PageHandler(answers, config.apis()).mount(router);
        OpsRoutes.mount(router, node);
        return router;
    }

    @Override
    public String name() {
        return "gateway";
    }

    /** Whether it listens, and some model has a live node for each of its stages. */
    @Override
    public boolean ready() {
        return listens && catalog.cards().stream().anyMatch(catalog::isReady);
    }

    @Override
    public long stalledMs() {
        return 0;
    }

    /** Owners of jobs are drained before the stages that their jobs need. */
    @Override
    public int drainOrder() {
        return 0;
    }

    @Override
    public Future<Void> drain(Duration deadline) {
        Promise<Void> idle = Promise.promise();
        context.runOnContext(v -> protocol.drain(deadline).onComplete(idle));
        return idle.future();
    }

    @Override
    public Future<?> stop() {
        listens = false;
        users.close();
        certificate.ifPresent(ServerCertificate::close);
        node.health().remove(this);
        return protocol.leave()
                .compose(idle -> server.close())
                .compose(closed -> protocol.close())
                .eventually(() -> {
                    replicate.ifPresent(ReplicateApi::close);
                    return Future.succeededFuture();
                })
                .eventually(() -> store.map(PostgresMemory::close).orElseGet(Future::succeededFuture));
    }
}
