package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * A class of nodes: what ComfyUI's {@code INPUT_TYPES} and {@code RETURN_TYPES} say of it. Immutable.
 *
 * @param makesOutput whether it is an end of a graph
 */
record NodeType(String name, String category, List<Input> inputs, List<String> outputs, boolean makesOutput) {

    static NodeType of(String name, String category) {
        return new NodeType(name, category, List.of(), List.of(), false);
    }

    NodeType gives(String... types) {
        return new NodeType(name, category, inputs, List.of(types), makesOutput);
    }

    NodeType ends() {
        return new NodeType(name, category, inputs, outputs, true);
    }

    /** An input for each name, all of one type. */
    NodeType links(String type, String... names) {
        NodeType more = this;
        for (String each : names) {
            more = more.with(new Input(each, type, true, new JsonObject(), null));
        }
        return more;
    }

    NodeType link(String name) {
        return links(name.toUpperCase(Locale.ROOT), name);
    }

    NodeType optional(String name, String type) {
        return with(new Input(name, type, false, new JsonObject(), null));
    }

    NodeType choice(String name, Function<Offer, List<String>> choices) {
        return with(new Input(name, Input.LIST, true, new JsonObject(), choices));
    }

    NodeType choice(String name, String... choices) {
        List<String> all = List.of(choices);
        return choice(name, offer -> all);
    }

    NodeType text(String name, String usual) {
        return with(new Input(name, Input.STRING, true, new JsonObject().put("default", usual), null));
    }

    NodeType flag(String name, boolean usual) {
        return with(new Input(name, Input.BOOLEAN, true, new JsonObject().put("default", usual), null));
    }

    NodeType whole(String name, Number usual, Number min, Number max) {
        return with(new Input(name, Input.INT, true, range(usual, min, max), null));
    }

    NodeType real(String name, double usual, double min, double max) {
        return with(new Input(name, Input.FLOAT, true, range(usual, min, max).put("step", 0.01), null));
    }

    private static JsonObject range(Number usual, Number min, Number max) {
        return new JsonObject().put("default", usual).put("min", min).put("max", max);
    }

    private NodeType with(Input input) {
        List<Input> more = new ArrayList<>(inputs);
        more.add(input);
        return new NodeType(name, category, List.copyOf(more), outputs, makesOutput);
    }

    /** Whether it has an input of the name. A node may have more than its class knows. */
    boolean takes(String input) {
        return inputs.stream().anyMatch(each -> each.name().equals(input));
    }

    /** As {@code /object_info} describes it. */
    JsonObject toJson(Offer offer) {
        JsonObject input = new JsonObject();
        JsonObject order = new JsonObject();
        for (boolean required : new boolean[] {true, false}) {
            List<Input> some =
                    inputs.stream().filter(each -> each.required() == required).toList();
            if (required || !some.isEmpty()) {
                JsonObject described = new JsonObject();
                some.forEach(each -> described.put(each.name(), each.toJson(offer)));
                String kind = required ? "required" : "optional";
                input.put(kind, described);
                order.put(kind, new JsonArray(some.stream().map(Input::name).toList()));
            }
        }
        return new JsonObject()
                .put("input", input)
                .put("input_order", order)
                .put("is_input_list", false)
                .put("output", new JsonArray(outputs))
                .put(
                        "output_is_list",
                        new JsonArray(outputs.stream().map(each -> false).toList()))
                .put("output_name", new JsonArray(outputs))
                .put("name", name)
                .put("display_name", name)
                .put("description", "")
                .put("python_module", "nodes")
                .put("category", category)
                .put("output_node", makesOutput);
    }
}
