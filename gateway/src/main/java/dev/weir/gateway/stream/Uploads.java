package dev.weir.gateway.stream;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.job.ImageMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The images that a client sent over its socket, until they make room for newer ones. A command names one as {@code upload:NAME}
 * where an image is expected. Event loop of the socket.
 */
final class Uploads {

    private static final String PREFIX = "upload:";
    /** Small ones and those that were refused take room too. */
    private static final int MOST_IMAGES = 1000;

    private final long maxBytes;
    private final ImageMemory memory;
    private final Map<String, ReadImage> images = new LinkedHashMap<>();
    private long bytes;

    /** @param maxBytes of all together; the oldest go first */
    Uploads(long maxBytes, ImageMemory memory) {
        this.maxBytes = maxBytes;
        this.memory = memory;
    }

    void add(Upload upload) {
        remove(upload.name());
        while (images.size() >= MOST_IMAGES
                || !images.isEmpty() && bytes + upload.image().size() > maxBytes) {
            remove(images.keySet().iterator().next());
        }
        images.put(upload.name(), upload.image());
        bytes += upload.image().size();
        memory.holdUpload(upload.image().size());
    }

    void remove(String name) {
        ReadImage removed = images.remove(name);
        if (removed != null) {
            bytes -= removed.size();
            memory.giveUpload(removed.size());
        }
    }

    /** The socket is gone. */
    void clear() {
        List.copyOf(images.keySet()).forEach(this::remove);
    }

    /** The fields of a command, with the images that they name. */
    Fields in(Fields fields) {
        Fields whole = fields;
        for (String name : fields.images()) {
            String named =
                    fields.text(name).filter(text -> text.startsWith(PREFIX)).orElse(null);
            if (named != null) {
                whole = whole.with(name, find(fields, name, named));
            }
        }
        return whole.withDeeperImages((path, value) ->
                value instanceof String text && text.startsWith(PREFIX) ? find(fields, path, text) : value);
    }

    private ReadImage find(Fields fields, String field, String named) {
        ReadImage image = images.get(named.substring(PREFIX.length()));
        if (image == null) {
            throw fields.invalid("unknown_upload", field, "names no image that this socket has sent");
        }
        return image;
    }
}
