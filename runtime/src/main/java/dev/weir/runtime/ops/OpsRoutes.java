package dev.weir.runtime.ops;

import dev.weir.runtime.NodeContext;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;

/**
 * {@code /healthz}: 200 while the event loop answers and no device is stalled, otherwise 503 with the reasons. {@code
 * /readyz}: 200 while the node accepts work, otherwise 503. Warnings change neither. {@code /metrics}: Prometheus text.
 */
public final class OpsRoutes {

    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private OpsRoutes() {}

    public static void mount(Router router, NodeContext node) {
        read(router, "/healthz")
                .handler(ctx -> answer(
                        ctx, "alive", node.health().stalls(), node.health().remarks()));
        read(router, "/readyz")
                .handler(ctx -> answer(
                        ctx, "ready", node.health().unready(), node.health().remarks()));
        read(router, "/metrics").handler(ctx -> metrics(ctx, node));
    }

    /** Some probes ask for the head alone. */
    private static Route read(Router router, String path) {
        return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
    }

    private static void answer(RoutingContext ctx, String what, List<String> problems, List<String> remarks) {
        Buffer body = new JsonObject()
                .put(what, problems.isEmpty())
                .put("problems", new JsonArray(problems))
                .put("warnings", new JsonArray(remarks))
                .toBuffer();
        // Said here, since an answer to HEAD has no body to be measured.
        ctx.response()
                .setStatusCode(problems.isEmpty() ? 200 : 503)
                .putHeader("content-type", "application/json")
                .putHeader("content-length", String.valueOf(body.length()))
                .end(body);
    }

    private static void metrics(RoutingContext ctx, NodeContext node) {
        if (node.metrics() instanceof PrometheusMeterRegistry registry) {
            ctx.response().putHeader("content-type", PROMETHEUS_TEXT).end(registry.scrape());
        } else {
            ctx.response().setStatusCode(404).end();
        }
    }
}
