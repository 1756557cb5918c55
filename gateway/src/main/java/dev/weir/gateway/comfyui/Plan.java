package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Sampled;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What is made of a graph. Immutable.
 *
 * @param outputs the ends of the graph that are run
 * @param nodes those that the ends need, each after those that it depends on
 * @param nodeErrors why other ends are not run
 */
record Plan(Graph graph, Sampled pictures, List<String> outputs, List<Node> nodes, JsonObject nodeErrors) {

    /**
     * Compiles a graph. As in ComfyUI, an end with errors is left out as long as another one is sound. Any thread.
     *
     * @param targets the ends that are asked for; empty: all
     * @throws RefusedGraphException with the answer
     */
    static Plan of(Object prompt, List<String> targets, Offer offer) {
        Graph graph = Graph.parse(prompt);
        List<String> ends = graph.outputs().stream()
                .filter(end -> targets.isEmpty() || targets.contains(end))
                .toList();
        Validation validation = new Validation(graph, offer);
        Compilation compilation = new Compilation(graph, offer);
        Set<NodeError> errors = new LinkedHashSet<>();
        List<String> outputs = new ArrayList<>();
        Sampled made = null;
        for (String end : ends) {
            Collection<NodeError> found = validation.errors(end);
            if (!found.isEmpty()) {
                errors.addAll(found);
                continue;
            }
            try {
                Sampled pictures = compilation.pictures(end);
                if (made != null && made != pictures) {
                    errors.add(
                            NodeError.refused(end, "images", "is of another sampler; Weir runs one for each prompt"));
                } else {
                    made = pictures;
                    outputs.add(end);
                }
            } catch (RefusedNodeException e) {
                errors.add(e.error());
            }
        }
        if (made == null) {
            throw Errors.refused(graph, errors);
        }
        Set<Node> nodes = new LinkedHashSet<>();
        outputs.forEach(end -> nodes.addAll(graph.order(end)));
        return new Plan(graph, made, List.copyOf(outputs), List.copyOf(nodes), Errors.nodeErrors(graph, errors));
    }

    /** The answer to a request that Weir refuses after it was compiled. */
    JsonObject refusal(ApiError error) {
        Place place = error.param() == null ? null : pictures.places().get(error.param());
        if (place == null) {
            return Errors.toJson(error);
        }
        String message = error.message();
        String problem = message.startsWith(error.param() + " ")
                ? message.substring(error.param().length() + 1)
                : message;
        return Errors.refused(
                        graph,
                        List.of(NodeError.refused(place.node(), place.input(), Errors.FIELDS.translated(problem))))
                .body();
    }

    /** The nodes before the sampler. */
    List<Node> before() {
        return nodes.subList(0, nodes.indexOf(pictures.sampler()));
    }

    /** The nodes after the sampler. */
    List<Node> after() {
        return nodes.subList(nodes.indexOf(pictures.sampler()) + 1, nodes.size());
    }
}
