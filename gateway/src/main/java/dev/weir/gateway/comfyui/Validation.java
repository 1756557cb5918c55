package dev.weir.gateway.comfyui;

import io.vertx.core.json.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The checks of ComfyUI's {@code validate_inputs}, on the nodes that an output depends on. Any thread. */
final class Validation {

    private static final int LONGEST_LIST = 20;

    private final Graph graph;
    private final Offer offer;
    /** By node: several outputs depend on most of them. */
    private final Map<String, List<NodeError>> checked = new HashMap<>();

    private final Map<Function<Offer, List<String>>, Set<String>> names = new HashMap<>();

    Validation(Graph graph, Offer offer) {
        this.graph = graph;
        this.offer = offer;
    }

    /** None: the output can be compiled. */
    Collection<NodeError> errors(String output) {
        List<NodeError> errors = new ArrayList<>();
        for (String id : graph.reach(output)) {
            errors.addAll(checked.computeIfAbsent(id, this::check));
        }
        if (errors.isEmpty()) {
            findCycle(graph.node(output), new HashSet<>(), new HashSet<>(), errors);
        }
        return errors;
    }

    private List<NodeError> check(String id) {
        List<NodeError> errors = new ArrayList<>();
        Node node = graph.node(id);
        node.type().inputs().forEach(input -> check(node, input, errors));
        return errors;
    }

    private void check(Node node, Input input, List<NodeError> errors) {
        Object value = node.inputs().get(input.name());
        String name = input.name();
        if (value == null) {
            if (input.required()) {
                errors.add(error(node, input, "required_input_missing", "Required input is missing", name));
            }
        } else if (value instanceof List<?> || !input.isWidget()) {
            checkLink(node, input, errors);
        } else if (input.choices() != null) {
            checkChoice(node, input, String.valueOf(value), errors);
        } else if (input.isNumber()) {
            checkNumber(node, input, value, errors);
        }
    }

    private void checkLink(Node node, Input input, List<NodeError> errors) {
        String name = input.name();
        Link link = node.link(name).orElse(null);
        Optional<String> problem = problem(link);
        if (problem.isPresent()) {
            String message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
            String details = "%s, received_value(%s) of node '%s' (%s): %s"
                    .formatted(
                            name,
                            Json.encode(node.inputs().get(name)),
                            node.id(),
                            node.type().name(),
                            problem.get());
            errors.add(error(node, input, "bad_linked_input", message, details));
            return;
        }
        String received = graph.node(link.node()).type().outputs().get(link.slot());
        if (!received.equals(input.type())) {
            errors.add(error(
                    node,
                    input,
                    "return_type_mismatch",
                    "Return type mismatch between linked nodes",
                    "%s, received_type(%s) mismatch input_type(%s)".formatted(name, received, input.type())));
        }
    }

    /** @param link null where the value is no list of two */
    private Optional<String> problem(Link link) {
        if (link == null) {
            return Optional.of("a link is a list of the id of a node, which is a text, and the number of an output");
        }
        if (!graph.has(link.node())) {
            return Optional.of("there is no node '%s'".formatted(link.node()));
        }
        NodeType from = graph.node(link.node()).type();
        int outputs = from.outputs().size();
        return link.slot() >= 0 && link.slot() < outputs
                ? Optional.empty()
                : Optional.of("node '%s' (%s) has %d output%s, counted from 0"
                        .formatted(link.node(), from.name(), outputs, outputs == 1 ? "" : "s"));
    }

    private void checkChoice(Node node, Input input, String value, List<NodeError> errors) {
        Set<String> known = names.computeIfAbsent(input.choices(), offer::names);
        if (!known.contains(Offer.stem(value)) && !offer.has(input, value)) {
            List<String> choices = input.choices().apply(offer);
            String shown = choices.size() > LONGEST_LIST
                    ? "(list of length %d)".formatted(choices.size())
                    : choices.toString();
            String details = "%s: '%s' not in %s".formatted(input.name(), value, shown);
            errors.add(error(node, input, "value_not_in_list", "Value not in list", details));
        }
    }

    private static void checkNumber(Node node, Input input, Object value, List<NodeError> errors) {
        BigDecimal number;
        try {
            number = Node.number(value);
        } catch (NumberFormatException e) {
            String message = "Failed to convert an input value to a %s value".formatted(input.type());
            errors.add(error(node, input, "invalid_input_type", message, "%s, %s".formatted(input.name(), value)));
            return;
        }
        BigDecimal min = Node.number(input.options().getValue("min"));
        BigDecimal max = Node.number(input.options().getValue("max"));
        if (number.compareTo(min) < 0) {
            String message = "Value %s smaller than min of %s".formatted(value, min);
            errors.add(error(node, input, "value_smaller_than_min", message, input.name()));
        } else if (number.compareTo(max) > 0) {
            String message = "Value %s bigger than max of %s".formatted(value, max);
            errors.add(error(node, input, "value_bigger_than_max", message, input.name()));
        }
    }

    private static NodeError error(Node node, Input input, String type, String message, String details) {
        return new NodeError(
                node.id(), type, message, details, input.name(), node.inputs().get(input.name()));
    }

    /** @param path the nodes from the output to this one */
    private boolean findCycle(Node node, Set<String> path, Set<String> done, List<NodeError> errors) {
        if (path.contains(node.id())) {
            errors.add(new NodeError(node.id(), "dependency_cycle", "Dependency cycle detected", node.id(), "", null));
            return true;
        }
        if (!done.add(node.id())) {
            return false;
        }
        path.add(node.id());
        boolean found = node.links().stream()
                .filter(link -> graph.has(link.node()))
                .anyMatch(link -> findCycle(graph.node(link.node()), path, done, errors));
        path.remove(node.id());
        return found;
    }
}
