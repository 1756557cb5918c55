package dev.weir.runtime.ops;

import dev.weir.runtime.HostPort;
import dev.weir.runtime.NodeContext;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves health and metrics of a node without a gateway. */
public final class OpsServer extends VerticleBase {

    private static final Logger log = LoggerFactory.getLogger(OpsServer.class);

    private final NodeContext node;
    private final HostPort listen;
    private final Function<Vertx, Handler<RoutingContext>> guard;
    private volatile int port;

    /**
     * @param listen port 0 means any free port
     * @param guard makes what requests for metrics pass
     */
    public OpsServer(NodeContext node, HostPort listen, Function<Vertx, Handler<RoutingContext>> guard) {
        this.node = node;
        this.listen = listen;
        this.guard = guard;
    }

    @Override
    public Future<?> start() {
        Router router = Router.router(vertx);
        router.route("/metrics").handler(guard.apply(vertx));
        OpsRoutes.mount(router, node);
        return vertx.createHttpServer()
                .requestHandler(router)
                .listen(listen.port(), listen.host())
                .map(HttpServer::actualPort)
                .onSuccess(actual -> {
                    port = actual;
                    log.info("Health and metrics at http://{}", new HostPort(listen.host(), actual));
                });
    }

    /** The port that it listens on, once deployed. */
    public int port() {
        return port;
    }
}
