package dev.weir.gateway.comfyui;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A node of a graph. The typed readers are for inputs that {@link Validation} has passed. Immutable.
 *
 * @param inputs numbers, texts, truth values, and lists of two for links
 * @param links those of all inputs that the class has
 */
record Node(String id, NodeType type, Map<String, Object> inputs, List<Link> links) {

    private static final int LONGEST_NUMBER = 100;
    /** More than a double has. A number with a large exponent is short, and takes hours to be written out. */
    private static final int LARGEST_EXPONENT = 400;

    static Node of(String id, NodeType type, Map<String, Object> inputs) {
        List<Link> links = type.inputs().stream()
                .flatMap(input -> link(inputs.get(input.name())).stream())
                .toList();
        return new Node(id, type, inputs, links);
    }

    private static Optional<Link> link(Object value) {
        return value instanceof List<?> list ? Link.of(list) : Optional.empty();
    }

    boolean has(String input) {
        return inputs.get(input) != null;
    }

    /** Empty where the input is no list of two. */
    Optional<Link> link(String input) {
        return link(inputs.get(input));
    }

    String text(String input) {
        return String.valueOf(inputs.get(input));
    }

    /** As Python's {@code int} and {@code float} read it. */
    BigDecimal number(String input) {
        return number(inputs.get(input));
    }

    BigDecimal number(String input, String otherwise) {
        return has(input) ? number(input) : new BigDecimal(otherwise);
    }

    int whole(String input) {
        return number(input).intValue();
    }

    /** Throws {@link NumberFormatException} where it is none. */
    static BigDecimal number(Object value) {
        if (value instanceof Boolean flag) {
            return flag ? BigDecimal.ONE : BigDecimal.ZERO;
        }
        String digits = String.valueOf(value).strip();
        if (digits.length() > LONGEST_NUMBER) {
            throw new NumberFormatException("a number of %d characters".formatted(digits.length()));
        }
        BigDecimal number = new BigDecimal(digits);
        if (Math.abs((long) number.scale()) > LARGEST_EXPONENT) {
            throw new NumberFormatException("a number with an exponent of %d".formatted(-(long) number.scale()));
        }
        return number;
    }
}
