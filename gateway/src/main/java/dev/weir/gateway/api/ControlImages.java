package dev.weir.gateway.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The images of a request's ControlNets. A request has each in its entry of {@code controlnets}, or in a form as a file of its own.
 * Here they stand beside the other fields, so that they are read as all images are. Stateless.
 */
final class ControlImages {

    static final String LIST = "controlnets";
    /** Nodes hold the picture of each in every image that waits. */
    static final int MOST = 3;

    private static final Pattern NAME = Pattern.compile("controlnets\\[[0-2]]\\.image");
    private static final String IMAGE = "image";

    private ControlImages() {}

    /** The field of an entry's image. */
    static String name(int entry) {
        return "%s[%d].%s".formatted(LIST, entry, IMAGE);
    }

    static boolean is(String field) {
        return NAME.matcher(field).matches();
    }

    /** The same fields, with the images beside their entries. What is no list of objects stays as it is, to be refused. */
    static Map<String, Object> beside(Map<String, Object> values) {
        if (!(values.get(LIST) instanceof List<?> entries) || entries.size() > MOST) {
            return values;
        }
        Map<String, Object> all = new LinkedHashMap<>(values);
        List<Object> without = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i) instanceof Map<?, ?> entry && entry.containsKey(IMAGE)) {
                Map<Object, Object> fewer = new LinkedHashMap<>(entry);
                all.put(name(i), fewer.remove(IMAGE));
                without.add(fewer);
            } else {
                without.add(entries.get(i));
            }
        }
        all.put(LIST, without);
        return all;
    }
}
