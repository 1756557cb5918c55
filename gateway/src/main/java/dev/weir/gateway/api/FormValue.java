package dev.weir.gateway.api;

import java.util.Set;
import java.util.regex.Pattern;

/** The values of a form's fields, which come as texts. Stateless. */
final class FormValue {

    private static final Set<String> TEXTS = Set.of("prompt", "negative_prompt", "user", "model", "seed");
    private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,18}([.][0-9]{1,18})?");

    private FormValue() {}

    /** A text that looks like a number or a truth value counts as such, except where the field is a text. */
    static Object of(String name, String text) {
        return TEXTS.contains(name) ? text : scalar(text);
    }

    private static Object scalar(String text) {
        if (text.equals("true") || text.equals("false")) {
            return Boolean.valueOf(text);
        }
        if (!NUMBER.matcher(text).matches()) {
            return text;
        }
        return text.matches("-?[0-9]{1,18}") ? (Object) Long.valueOf(text) : Double.valueOf(text);
    }
}
