package dev.weir.gateway.comfyui;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A node of a graph. The typed readers are for inputs that {@link Validation} has passed. Immutable.
 *
 * @param inputs numbers, texts, truth values, and lists of two for links
 */
record Node(String id, NodeType type, Map<String, Object> inputs) {

    private static final int LONGEST_NUMBER = 100;

    boolean has(String input) {
        return inputs.get(input) != null;
    }

    /** Empty where the input is no list of two. */
    Optional<Link> link(String input) {
        return inputs.get(input) instanceof List<?> list ? Link.of(list) : Optional.empty();
    }

    /** The links of all inputs that the class has. */
    List<Link> links() {
        return type.inputs().stream()
                .flatMap(input -> link(input.name()).stream())
                .toList();
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
        return new BigDecimal(digits);
    }
}
