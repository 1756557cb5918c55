package dev.weir.gateway.http;

import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.api.ModelJson;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** {@code /v1/models} and {@code /v1/cluster}: what can be generated, and by which nodes. Event loop. */
public final class ClusterHandlers {

    private static final List<StageKind> STAGES = List.of(
            StageKind.TEXT_ENCODER,
            StageKind.DENOISER,
            StageKind.UPSAMPLER,
            StageKind.SECOND_UPSAMPLER,
            StageKind.DECODER);

    private final NodeContext node;
    private final ModelCatalog catalog;
    private final ModelNames names;
    private final Jobs jobs;
    private final JobLedger ledger;
    private final Answers answers;
    private final long startedSeconds = System.currentTimeMillis() / 1000;

    public ClusterHandlers(
            NodeContext node, ModelCatalog catalog, ModelNames names, Jobs jobs, JobLedger ledger, Answers answers) {
        this.node = node;
        this.catalog = catalog;
        this.names = names;
        this.jobs = jobs;
        this.ledger = ledger;
        this.answers = answers;
    }

    public void mount(Router router) {
        Methods.get(router, "/v1/models").handler(this::models);
        // An id may have slashes, as in a hub's org/name, and clients write them as they are.
        Methods.get(router, "/v1/models/*").handler(this::model);
        Methods.get(router, "/v1/cluster").handler(this::cluster);
    }

    private void models(RoutingContext ctx) {
        JsonArray data = new JsonArray();
        names.cards().forEach(card -> data.add(toJson(card.getId(), card)));
        names.aliased().forEach((alias, card) -> data.add(toJson(alias, card)));
        answers.json(ctx, 200, new JsonObject().put("object", "list").put("data", data));
    }

    /** Other APIs have paths below it too. */
    private void model(RoutingContext ctx) {
        String name = ctx.pathParam("*");
        names.find(name).ifPresentOrElse(card -> answers.json(ctx, 200, toJson(name, card)), ctx::next);
    }

    /** @param name the model's id, or an alias of it */
    private JsonObject toJson(String name, ModelCard card) {
        JsonObject json = new JsonObject().put("id", name);
        if (!name.equals(card.getId())) {
            json.put("alias_of", card.getId());
        }
        return json.put("object", "model")
                .put("created", startedSeconds)
                .put("owned_by", "weir")
                .put("ready", catalog.isReady(card))
                .put("loaded", catalog.isLoaded(card))
                .mergeIn(ModelJson.of(card));
    }

    private void cluster(RoutingContext ctx) {
        Map<String, List<NodeStatus>> leftOut = catalog.leftOut();
        JsonArray stages = new JsonArray();
        for (StageKind stage : STAGES) {
            JsonArray nodes = new JsonArray();
            node.directory().alive(stage).stream()
                    .sorted(Comparator.comparing(NodeStatus::getNodeId))
                    .forEach(status -> nodes.add(toJson(status, leftOut)));
            // Few models have three diffusions.
            if (stage != StageKind.SECOND_UPSAMPLER || !nodes.isEmpty()) {
                stages.add(new JsonObject().put("stage", Addresses.name(stage)).put("nodes", nodes));
            }
        }
        JsonObject gateway = new JsonObject()
                .put("node", node.nodeId())
                .put("jobs", jobs.jobsInFlight())
                .put("images", jobs.samplesInFlight());
        answers.json(
                ctx,
                200,
                new JsonObject()
                        .put("gateway", gateway)
                        .put("other_gateways", new JsonArray(ledger.otherGateways()))
                        .put("stages", stages));
    }

    /** @param leftOut by model, the nodes that serve other weights */
    private static JsonObject toJson(NodeStatus status, Map<String, List<NodeStatus>> leftOut) {
        JsonArray models = new JsonArray();
        for (ModelStatus model : status.getModelsList()) {
            if (model.getRemoved()) {
                continue;
            }
            JsonObject json = new JsonObject().put("id", model.getId()).put("loaded", !model.getUnloaded());
            if (!model.getProblem().isEmpty()) {
                json.put("problem", model.getProblem());
            }
            double forward = status.getPaceOrDefault(model.getId(), ForwardPace.getDefaultInstance())
                    .getLoneSeconds();
            if (forward > 0) {
                json.put("forward_seconds", EventJson.rounded(forward));
            }
            JsonObject fingerprints = new JsonObject();
            model.getFingerprintsMap().forEach(fingerprints::put);
            models.add(json.put("fingerprints", fingerprints)
                    .put("other_weights", isAmong(leftOut.getOrDefault(model.getId(), List.of()), status)));
        }
        return new JsonObject()
                .put("node", status.getNodeId())
                .put("models", models)
                .put("device", status.getDevice())
                .put("precision", status.getPrecision())
                .put("engine", status.getEngine())
                .put("instruction_set", status.getInstructionSet())
                .put("engine_reason", status.getEngineReason())
                .put("capacity", status.getCapacity())
                .put("free_credits", status.getFreeCredits())
                .put("waiting", status.getWaiting())
                .put("running", status.getRunning())
                .put("samples", samples(status))
                .put("last_batch", status.getLastBatch())
                .put("step_seconds", EventJson.rounded(status.getStepSeconds()))
                .put("backlog_seconds", EventJson.rounded(status.getBacklogSeconds()))
                .put("finished", status.getFinished())
                .put("failed", status.getFailed())
                .put("stalled_ms", status.getStalledMs())
                .put("draining", status.getDraining());
    }

    /** The images that the node holds or hands on, as JOB/NUMBER. */
    private static JsonArray samples(NodeStatus status) {
        return new JsonArray(status.getHoldings().getSamplesList().stream()
                .map(holding ->
                        holding.getRef().getJobId() + "/" + holding.getRef().getSample())
                .distinct()
                .toList());
    }

    private static boolean isAmong(List<NodeStatus> nodes, NodeStatus status) {
        return nodes.stream().anyMatch(node -> node.getAddress().equals(status.getAddress()));
    }
}
