package dev.weir.gateway.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/** The images in a request's {@code ip_adapters}, which lie deeper than others. Stateless; any thread. */
final class IpAdapterImages {

    static final String FIELD = "ip_adapters";
    static final String IMAGES = "images";
    /** Before the name of an image that came apart from the request: over the socket, or as a file of the same form. */
    static final String UPLOAD = "upload:";

    private IpAdapterImages() {}

    /** The name of an image in messages. */
    static String path(int adapter, int image) {
        return "%s[%d].%s[%d]".formatted(FIELD, adapter, IMAGES, image);
    }

    /** The name of an image as an attachment. */
    static String attachment(int adapter, int image) {
        return "%s/%d/%d".formatted(FIELD, adapter, image);
    }

    /**
     * The same fields with other values for the images. What has another form than it should stays, for the reader of the request to
     * refuse.
     *
     * @param change makes a value of an image's path and value
     */
    static Fields map(Fields fields, BiFunction<String, Object, Object> change) {
        if (!(fields.value(FIELD) instanceof List<?> adapters)) {
            return fields;
        }
        List<Object> changed = new ArrayList<>();
        for (int i = 0; i < adapters.size(); i++) {
            changed.add(adapters.get(i) instanceof Map<?, ?> adapter ? map(adapter, i, change) : adapters.get(i));
        }
        return fields.with(FIELD, changed);
    }

    private static Map<Object, Object> map(Map<?, ?> adapter, int index, BiFunction<String, Object, Object> change) {
        Map<Object, Object> changed = new LinkedHashMap<>(adapter);
        if (adapter.get(IMAGES) instanceof List<?> images) {
            List<Object> own = new ArrayList<>();
            for (int i = 0; i < images.size(); i++) {
                own.add(change.apply(path(index, i), images.get(i)));
            }
            changed.put(IMAGES, own);
        }
        return changed;
    }

    /** The fields of a form, whose images are files of the form. The files that are taken are no fields any more. */
    static Fields ofForm(Fields fields, Map<String, byte[]> files) {
        Set<String> taken = new HashSet<>();
        Fields whole = map(fields, (path, value) -> {
            byte[] file = name(value).map(files::get).orElse(null);
            if (file == null) {
                return value;
            }
            taken.add(name(value).orElseThrow());
            return file;
        });
        return whole.without(taken);
    }

    /** The name after {@link #UPLOAD}. */
    static Optional<String> name(Object value) {
        return value instanceof String text && text.startsWith(UPLOAD)
                ? Optional.of(text.substring(UPLOAD.length()))
                : Optional.empty();
    }
}
