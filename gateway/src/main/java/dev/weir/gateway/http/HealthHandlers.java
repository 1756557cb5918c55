package dev.weir.gateway.http;

import dev.weir.gateway.job.ModelCatalog;
import dev.weir.runtime.NodeContext;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;

/** {@code /healthz}, {@code /readyz} and {@code /metrics} of the node that the gateway runs on. Event loop. */
public final class HealthHandlers {

    private final NodeContext node;
    private final ModelCatalog catalog;
    private final Answers answers;

    public HealthHandlers(NodeContext node, ModelCatalog catalog, Answers answers) {
        this.node = node;
        this.catalog = catalog;
        this.answers = answers;
    }

    public void mount(Router router) {
        router.get("/healthz").handler(ctx -> answer(ctx, "alive", node.health().stalls()));
        router.get("/readyz").handler(ctx -> answer(ctx, "ready", unready()));
        router.get("/metrics").handler(this::metrics);
    }

    private List<String> unready() {
        List<String> reasons = new ArrayList<>(node.health().unready());
        if (catalog.cards().stream().noneMatch(catalog::isReady)) {
            reasons.add("no model has a live node for every stage");
        }
        return reasons;
    }

    private void answer(RoutingContext ctx, String state, List<String> problems) {
        JsonObject body = new JsonObject().put(state, problems.isEmpty()).put("problems", new JsonArray(problems));
        answers.json(ctx, problems.isEmpty() ? 200 : 503, body);
    }

    private void metrics(RoutingContext ctx) {
        if (node.metrics() instanceof PrometheusMeterRegistry prometheus) {
            answers.bytes(ctx, "text/plain; version=0.0.4; charset=utf-8", Buffer.buffer(prometheus.scrape()));
        } else {
            ctx.fail(404);
        }
    }
}
