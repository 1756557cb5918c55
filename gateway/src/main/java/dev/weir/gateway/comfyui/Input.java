package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Function;

/**
 * An input of a class of nodes.
 *
 * @param type {@code INT}, {@code FLOAT}, {@code STRING}, or what flows along a link; {@link #LIST}: one of the choices
 * @param options as {@code /object_info} says them: default, min, max
 * @param choices null where there are none
 */
record Input(String name, String type, boolean required, JsonObject options, Function<Offer, List<String>> choices) {

    static final String LIST = "COMBO";
    static final String INT = "INT";
    static final String FLOAT = "FLOAT";
    static final String STRING = "STRING";
    static final String BOOLEAN = "BOOLEAN";

    /** Whether it has a value of its own, and is no end of a link. */
    boolean isWidget() {
        return List.of(LIST, INT, FLOAT, STRING, BOOLEAN).contains(type);
    }

    boolean isNumber() {
        return type.equals(INT) || type.equals(FLOAT);
    }

    /** A type, or the list of choices, and options. */
    JsonArray toJson(Offer offer) {
        return new JsonArray()
                .add(choices == null ? type : new JsonArray(choices.apply(offer)))
                .add(options);
    }
}
