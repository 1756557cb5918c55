package dev.weir.gateway.api;

import java.util.Optional;

/** The size of an image in APIs that have a field for each side. Stateless. */
public final class Sides {

    public static final String WIDTH = "width";
    public static final String HEIGHT = "height";

    private static final int MOST = 99_999;

    private Sides() {}

    /** Weir's field {@code size}; empty where neither side is given. A side that is not given is as long as the other one. */
    public static Optional<String> size(Fields fields) {
        fields.requireOne("size", WIDTH);
        fields.requireOne("size", HEIGHT);
        Optional<Long> width = fields.integer(WIDTH, 1, MOST);
        Optional<Long> height = fields.integer(HEIGHT, 1, MOST);
        return width.or(() -> height).map(first -> first + "x" + height.orElse(first));
    }
}
