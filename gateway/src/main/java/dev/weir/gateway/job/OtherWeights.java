package dev.weir.gateway.job;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.micrometer.core.instrument.Gauge;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports nodes that serve a model's id with other weights than new images are generated with: once in the log, as a warning of
 * the node's health and as a metric. Routes nothing. Event loop of the gateway.
 */
public final class OtherWeights {

    private static final Logger log = LoggerFactory.getLogger(OtherWeights.class);
    private static final long LOOK_MS = 1000;

    private final ModelCatalog catalog;
    private Map<String, String> known = Map.of();

    private OtherWeights(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    public static void watch(NodeContext node, ModelCatalog catalog) {
        OtherWeights watch = new OtherWeights(catalog);
        node.loop().every(LOOK_MS, watch::look);
        node.health().remark(() -> List.copyOf(warnings(catalog).values()));
        Gauge.builder("weir.gateway.other.weights", catalog, OtherWeights::count)
                .description("Stages of nodes without work, as they serve other weights under the id of a model")
                .register(node.metrics());
    }

    private void look() {
        Map<String, String> now = warnings(catalog);
        now.forEach((model, warning) -> {
            if (!warning.equals(known.get(model))) {
                log.warn(warning);
            }
        });
        known.keySet().stream()
                .filter(model -> !now.containsKey(model))
                .forEach(model -> log.info("All nodes serve the same weights of the model {} again", model));
        known = now;
    }

    private static Map<String, String> warnings(ModelCatalog catalog) {
        Map<String, String> warnings = new TreeMap<>();
        catalog.leftOut()
                .forEach((model, nodes) -> warnings.put(
                        model,
                        "These nodes serve other weights under the id of the model %s and get no new work of it: %s"
                                .formatted(model, names(nodes))));
        return warnings;
    }

    private static String names(List<NodeStatus> nodes) {
        return nodes.stream()
                .map(node -> node.getNodeId() + " (" + Addresses.name(node.getStage()) + ")")
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static double count(ModelCatalog catalog) {
        return catalog.leftOut().values().stream().mapToInt(List::size).sum();
    }
}
