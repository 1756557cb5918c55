package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A graph in ComfyUI's API format, whose classes of nodes are known. Immutable; any thread. */
final class Graph {

    /** Templates have some tens. */
    private static final int MOST_NODES = 300;

    private final Map<String, Node> nodes;

    private Graph(Map<String, Node> nodes) {
        this.nodes = nodes;
    }

    /** Throws {@link RefusedGraphException} that names the node. */
    static Graph parse(Object prompt) {
        if (!(prompt instanceof JsonObject json)) {
            throw prompt == null
                    ? Errors.refused("no_prompt", "No prompt provided", "No prompt provided", new JsonObject())
                    : invalid("the prompt must be an object of nodes by their ids");
        }
        if (json.size() > MOST_NODES) {
            throw invalid("the prompt has %d nodes, and at most %d are allowed".formatted(json.size(), MOST_NODES));
        }
        Map<String, Node> nodes = new LinkedHashMap<>();
        json.forEach(entry -> nodes.put(entry.getKey(), node(entry.getKey(), entry.getValue())));
        return new Graph(nodes);
    }

    private static RefusedGraphException invalid(String message) {
        return Errors.refused("invalid_prompt", message, "", new JsonObject());
    }

    private static Node node(String id, Object value) {
        JsonObject json = value instanceof JsonObject object ? object : new JsonObject();
        String name = json.getValue("class_type") instanceof String text ? text : null;
        String title = json.getValue("_meta") instanceof JsonObject meta ? meta.getValue("title") + "" : name;
        NodeType type = Optional.ofNullable(name)
                .flatMap(NodeTypes::find)
                .orElseThrow(() -> Errors.refused(
                        "missing_node_type",
                        name == null
                                ? "Node 'ID #%s' has no class_type. The workflow may be corrupted or a custom node is missing."
                                        .formatted(id)
                                : "Node '%s' not found. Weir does not have the class %s.".formatted(title, name),
                        "Node ID '#%s'".formatted(id),
                        new JsonObject()
                                .put("node_id", id)
                                .put("class_type", name)
                                .put("node_title", title)));
        Map<String, Object> inputs = new LinkedHashMap<>();
        if (json.getValue("inputs") instanceof JsonObject object) {
            object.forEach(entry -> inputs.put(
                    entry.getKey(), entry.getValue() instanceof JsonArray list ? list.getList() : entry.getValue()));
        }
        return Node.of(id, type, inputs);
    }

    Node node(String id) {
        return nodes.get(id);
    }

    boolean has(String id) {
        return nodes.containsKey(id);
    }

    /** The ids of the nodes at which it ends. */
    List<String> outputs() {
        return nodes.values().stream()
                .filter(node -> node.type().makesOutput())
                .map(Node::id)
                .toList();
    }

    /** Whether some node takes this. */
    boolean uses(Link link) {
        return nodes.values().stream().anyMatch(node -> node.links().contains(link));
    }

    /** A node and all nodes that it depends on. */
    Set<String> reach(String id) {
        Set<String> reached = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(id));
        while (!open.isEmpty()) {
            String next = open.pop();
            if (nodes.containsKey(next) && reached.add(next)) {
                nodes.get(next).links().forEach(link -> open.push(link.node()));
            }
        }
        return reached;
    }

    /** The nodes that an output needs, each after those that it depends on. The graph has no cycle. */
    List<Node> order(String output) {
        Set<Node> ordered = new LinkedHashSet<>();
        order(nodes.get(output), ordered);
        return List.copyOf(ordered);
    }

    private void order(Node node, Set<Node> ordered) {
        if (!ordered.contains(node)) {
            node.links().forEach(link -> order(nodes.get(link.node()), ordered));
            ordered.add(node);
        }
    }
}
