package dev.weir.gateway.comfyui;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.BrowserGuard;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.http.UploadedImages;
import io.vertx.core.Handler;
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
    private final BrowserGuard guard;
    private final Sockets sockets;
    private final PromptHandlers prompts;
    private final QueueHandlers queues;
    private final UploadHandlers files;
    private final ViewHandler pictures;
    private final ListHandlers lists;

    public ComfyApi(ApiParts parts, BrowserGuard guard, SocketEntrance entrance) {
        this.body = parts.body();
        this.guard = guard;
        this.sockets = new Sockets(parts.vertx(), entrance, parts.slowClient());
        History history = new History(job -> parts.ledger().kept().find(job).isPresent());
        Queue queue = new Queue(sockets, history, parts.images(), file -> parts.threads()
                .read(() -> parts.reader().picture(file)));
        // Sockets of other APIs have uploads too, and all uploads together have half.
        GatewayConfig.Limits limits = parts.config().limits();
        long most = Math.min(
                limits.requests().attachmentsPerSocketBytes(), limits.memory().attachmentsBytes() / 4);
        Uploads uploads = new Uploads(most, parts.images());
        Answers answers = parts.answers();
        this.prompts = new PromptHandlers(parts, uploads, queue);
        this.files = new UploadHandlers(new UploadedImages(parts), answers, uploads);
        this.queues = new QueueHandlers(body, answers, queue, history);
        this.pictures = new ViewHandler(parts.ledger(), answers, uploads, history);
        this.lists = new ListHandlers(answers, parts.models(), uploads);
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

    public void mount(Router router, RequestTrace trace) {
        mount(router, trace, "");
        mount(router, trace, "/api");
    }

    private void mount(Router router, RequestTrace trace, String root) {
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
