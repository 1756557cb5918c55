package dev.weir.engine.weights;

import java.util.Collection;
import java.util.stream.Collectors;

/** The number of some names, with three examples, for messages. Stateless. */
public final class Some {

    private static final int EXAMPLES = 3;

    private Some() {}

    /** {@code 5 tensors, such as a, b, c}. */
    public static String of(Collection<String> names, String noun) {
        return of(names, noun, "");
    }

    /** {@code 5 layers that the model does not have, such as a, b, c}. */
    public static String of(Collection<String> names, String noun, String which) {
        String number = (names.isEmpty() ? "no" : names.size()) + " " + noun + (names.size() == 1 ? "" : "s");
        String all = which.isEmpty() ? number : number + " " + which;
        return names.isEmpty()
                ? all
                : all + ", such as " + names.stream().limit(EXAMPLES).collect(Collectors.joining(", "));
    }
}
