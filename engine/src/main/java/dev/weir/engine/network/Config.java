package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The options of a component's {@code config.json}, read with the defaults of the class that it is for. Refuses what a
 * network cannot do, by key and value. Confined to one thread.
 */
final class Config {

    private final String network;
    private final JsonNode json;
    /** Where the options lie in the file, before their keys in messages. */
    private final String place;

    private final Set<String> read = new HashSet<>();

    Config(String network, JsonNode json) {
        this(network, json, "");
    }

    private Config(String network, JsonNode json, String place) {
        this.network = network;
        this.json = json;
        this.place = place;
    }

    String network() {
        return network;
    }

    private JsonNode get(String key) {
        read.add(key);
        return json.path(key);
    }

    private static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    boolean has(String key) {
        return !absent(get(key));
    }

    /** Whether the option is there and is null, which is not always what a missing one means. */
    boolean isNull(String key) {
        return get(key).isNull();
    }

    /** The options of an option that is an object. */
    Config part(String key) {
        return new Config(network, get(key), "%s%s.".formatted(place, key));
    }

    /** The options of each element of an option that is a list of objects. */
    List<Config> parts(String key) {
        var parts = new ArrayList<Config>();
        get(key).forEach(part -> parts.add(new Config(network, part, "%s%s[%d].".formatted(place, key, parts.size()))));
        return parts;
    }

    /** The option as it stands, for those that come in several forms. */
    JsonNode json(String key) {
        return get(key);
    }

    /** One or more. */
    int integer(String key) {
        var node = get(key);
        if (absent(node)) {
            throw new ModelException("%s: config.json has no %s%s".formatted(network, place, key));
        }
        return positive(key, node, 1);
    }

    /** One or more, unless it may be left out for none. */
    int integer(String key, int otherwise) {
        var node = get(key);
        return absent(node) ? otherwise : positive(key, node, Math.min(1, otherwise));
    }

    private int positive(String key, JsonNode node, int least) {
        if (!node.canConvertToInt() || !node.canConvertToExactIntegral() || node.intValue() < least) {
            throw refused(key, least == 0 ? "a whole number" : "a whole number above 0");
        }
        return node.intValue();
    }

    /** None or more. */
    int whole(String key, int otherwise) {
        var node = get(key);
        return absent(node) ? otherwise : element(key, node);
    }

    /** An element of an option that is a list: none or more. */
    int element(String key, JsonNode element) {
        return positive(key, element, 0);
    }

    /** Refuses a width that has no half. */
    int even(String key, int width) {
        if (width % 2 != 0) {
            throw refused(key, "an even width");
        }
        return width;
    }

    double number(String key, double otherwise) {
        var node = get(key);
        if (!absent(node) && !node.isNumber()) {
            throw refused(key, "a number");
        }
        return absent(node) ? otherwise : node.doubleValue();
    }

    /** A list of {@code size} numbers; empty where the key is absent. */
    List<Double> numbers(String key, int size) {
        var node = get(key);
        var numbers = new ArrayList<Double>();
        node.forEach(element -> numbers.add(element.doubleValue()));
        if (!absent(node) && (numbers.size() != size || !allNumbers(node))) {
            throw refused(key, size + " numbers");
        }
        return numbers;
    }

    private static boolean allNumbers(JsonNode list) {
        var elements = new ArrayList<JsonNode>();
        list.forEach(elements::add);
        return elements.stream().allMatch(JsonNode::isNumber);
    }

    boolean bool(String key, boolean otherwise) {
        var node = get(key);
        if (!absent(node) && !node.isBoolean()) {
            throw refused(key, "true or false");
        }
        return absent(node) ? otherwise : node.booleanValue();
    }

    String text(String key, String otherwise) {
        var node = get(key);
        return absent(node) ? otherwise : node.asText();
    }

    /** One of the names that the network knows. */
    String oneOf(String key, String otherwise, Collection<String> known) {
        var value = text(key, otherwise);
        if (!known.contains(value)) {
            throw refused(key, "one of " + known);
        }
        return value;
    }

    List<String> texts(String key) {
        var node = get(key);
        if (!node.isArray() || node.isEmpty()) {
            throw refused(key, "a list of names");
        }
        var texts = new ArrayList<String>();
        node.forEach(element -> texts.add(element.asText()));
        return texts;
    }

    /** Each one or more. */
    List<Integer> integers(String key) {
        return integers(key, 1);
    }

    private List<Integer> integers(String key, int least) {
        var node = get(key);
        if (!node.isArray() || node.isEmpty()) {
            throw refused(key, "a list of whole numbers");
        }
        return elements(key, node, least);
    }

    List<Integer> integers(String key, List<Integer> otherwise) {
        return has(key) ? integers(key) : otherwise;
    }

    /** Each none or more. */
    List<Integer> wholes(String key, List<Integer> otherwise) {
        return has(key) ? integers(key, 0) : otherwise;
    }

    /** A list of {@code size} whole numbers, which may be written as one number for all. */
    List<Integer> integers(String key, int size, int otherwise) {
        return integers(key, size, otherwise, 1);
    }

    /** The same, each none or more where they are a list. */
    List<Integer> wholes(String key, int size, int otherwise) {
        return integers(key, size, otherwise, 0);
    }

    private List<Integer> integers(String key, int size, int otherwise, int least) {
        var node = get(key);
        if (!node.isArray()) {
            return Collections.nCopies(size, integer(key, otherwise));
        }
        var elements = elements(key, node, least);
        if (elements.size() != size) {
            throw refused(key, size + " numbers");
        }
        return elements;
    }

    private List<Integer> elements(String key, JsonNode node, int least) {
        var integers = new ArrayList<Integer>();
        node.forEach(element -> integers.add(positive(key, element, least)));
        return integers;
    }

    /** A list of {@code size} switches, which may be written as one for all. */
    List<Boolean> bools(String key, int size, boolean otherwise) {
        var node = get(key);
        if (!node.isArray()) {
            return Collections.nCopies(size, bool(key, otherwise));
        }
        var bools = new ArrayList<Boolean>();
        node.forEach(element -> bools.add(element.booleanValue()));
        if (bools.size() != size) {
            throw refused(key, size + " of true or false");
        }
        return bools;
    }

    /** Options that say nothing of how the network computes. */
    void ignore(String... keys) {
        read.addAll(List.of(keys));
    }

    /** Refuses every option that was not read and is switched on. */
    void refuseTheRest() {
        json.fields().forEachRemaining(option -> {
            var value = option.getValue();
            var off = value.isNull() || (value.isBoolean() && !value.booleanValue());
            if (!read.contains(option.getKey()) && !option.getKey().startsWith("_") && !off) {
                throw new ModelException(
                        "%s: option %s%s = %s is not supported".formatted(network, place, option.getKey(), value));
            }
        });
    }

    /** Refuses an option's value. */
    ModelException refused(String key, String supported) {
        return new ModelException("%s: option %s%s = %s is not supported; this network takes %s"
                .formatted(
                        network, place, key, json.path(key).isMissingNode() ? "(absent)" : json.path(key), supported));
    }
}
