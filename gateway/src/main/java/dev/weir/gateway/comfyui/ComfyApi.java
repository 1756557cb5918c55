package dev.weir.gateway.comfyui;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.BrowserGuard;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.http.UploadedImages;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;

/** Mounts ComfyUI's routes, each also under {@code /api}. Event loop of the gateway. */
public final class ComfyApi {

    /** All but {@code /models}, which another API has too. */
    private static final List<String> ROUTES = List.of(
            "/ws",
            "/prompt",
            "/queue",
            "/history*",
            "/interrupt",
            "/free",
            "/upload/*",
            "/view",
            "/object_info*",
            "/embeddings",
            "/extensions",
            "/features",
            "/system_stats");

    private final RequestBody body;
    private final RequestTrace trace;
    private final BrowserGuard guard;
    private final Sockets sockets;
    private final PromptHandlers prompts;
    private final QueueHandlers queues;
    private final UploadHandlers files;
    private final ViewHandler pictures;
    private final ListHandlers lists;

    public ComfyApi(
            Vertx vertx,
            RequestBody body,
            RequestReader reader,
            JobLedger ledger,
            Answers answers,
            ModelNames models,
            RequestTrace trace,
            BrowserGuard guard,
            SocketEntrance entrance,
            ReadingThreads threads,
            ImageMemory memory,
            GatewayConfig config) {
        this.body = body;
        this.trace = trace;
        this.guard = guard;
        this.sockets = new Sockets(vertx, entrance, config.patience().slowClient());
        History history = new History(job -> ledger.kept().find(job).isPresent());
        Queue queue = new Queue(sockets, history, memory, file -> threads.read(() -> reader.picture(file)));
        // Sockets of other APIs have uploads too, and all uploads together have half.
        GatewayConfig.Limits limits = config.limits();
        long most = Math.min(limits.attachmentsPerSocketBytes(), limits.attachmentsBytes() / 4);
        Uploads uploads = new Uploads(most, memory);
        this.prompts = new PromptHandlers(body, reader, ledger, answers, models, uploads, queue);
        this.files = new UploadHandlers(new UploadedImages(reader, threads, memory), answers, uploads);
        this.queues = new QueueHandlers(body, answers, queue, history);
        this.pictures = new ViewHandler(ledger, answers, uploads, history);
        this.lists = new ListHandlers(answers, models, uploads);
    }

    /** To be called before anything that may refuse a request. */
    public static void shapeErrors(Router router) {
        for (String path : ROUTES) {
            router.route(path).handler(ComfyApi::shapeErrors);
            router.route("/api" + path).handler(ComfyApi::shapeErrors);
        }
        router.get("/models").handler(ComfyApi::shapeErrors);
        router.get("/models/:folder").handler(ComfyApi::shapeErrors);
        router.route("/api/models*").handler(ComfyApi::shapeErrors);
    }

    public void mount(Router router) {
        mount(router, "");
        mount(router, "/api");
    }

    private void mount(Router router, String root) {
        router.get(root + "/ws").handler(sockets::open);
        post(router, root + "/prompt", trace, prompts::prompt);
        get(router, root + "/prompt", queues::info);
        get(router, root + "/queue", queues::queue);
        post(router, root + "/queue", queues::changeQueue);
        get(router, root + "/history", queues::history);
        get(router, root + "/history/:id", queues::historyOf);
        post(router, root + "/history", queues::changeHistory);
        post(router, root + "/interrupt", queues::interrupt);
        post(router, root + "/free", queues::free);
        upload(router, root + "/upload/image", files::image);
        upload(router, root + "/upload/mask", files::mask);
        get(router, root + "/view", pictures::view);
        get(router, root + "/object_info", lists::objectInfo);
        get(router, root + "/object_info/:class", lists::objectInfoOf);
        get(router, root + "/models", lists::modelFolders);
        get(router, root + "/models/:folder", lists::modelFolder);
        get(router, root + "/embeddings", lists::embeddings);
        get(router, root + "/extensions", lists::extensions);
        get(router, root + "/features", lists::features);
        get(router, root + "/system_stats", lists::systemStats);
    }

    private static void get(Router router, String path, Handler<RoutingContext> handler) {
        router.get(path).handler(handler);
    }

    private void post(Router router, String path, Handler<RoutingContext> first, Handler<RoutingContext> handler) {
        router.post(path)
                .handler(this::refuseOtherPages)
                .handler(ComfyApi::takeAsJson)
                .handler(first)
                .handler(body.gathering())
                .handler(handler);
    }

    private void post(Router router, String path, Handler<RoutingContext> handler) {
        post(router, path, RoutingContext::next, handler);
    }

    private static void shapeErrors(RoutingContext ctx) {
        Answers.errorsOf(ctx, Errors::toJson);
        ctx.next();
    }

    private void upload(Router router, String path, Handler<RoutingContext> handler) {
        router.post(path)
                .handler(this::refuseOtherPages)
                .handler(body.gathering())
                .handler(handler);
    }

    /** A browser sends such requests for pages of other origins too. */
    private void refuseOtherPages(RoutingContext ctx) {
        guard.requireOwnPage(ctx.request());
        ctx.next();
    }

    /** Clients of this API name no type of content, or another one. */
    private static void takeAsJson(RoutingContext ctx) {
        ctx.request().headers().set(HttpHeaders.CONTENT_TYPE, "application/json");
        ctx.next();
    }
}
