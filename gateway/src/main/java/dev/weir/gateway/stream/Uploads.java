package dev.weir.gateway.stream;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ImageStore;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.job.ImageMemory;

/**
 * The images that a client sent over its socket, until they make room for newer ones. A command names one as {@code upload:NAME}
 * where an image is expected. Event loop of the socket.
 */
final class Uploads {

    private static final String PREFIX = "upload:";
    private final ImageStore images;

    /** @param maxBytes of all together; the oldest go first */
    Uploads(long maxBytes, ImageMemory memory) {
        this.images = new ImageStore(maxBytes, memory);
    }

    void add(Upload upload) {
        images.add(upload.name(), upload.image());
    }

    void remove(String name) {
        images.remove(name);
    }

    /** The socket is gone. */
    void clear() {
        images.clear();
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
        return images.find(named.substring(PREFIX.length()))
                .orElseThrow(() -> fields.invalid("unknown_upload", field, "names no image that this socket has sent"));
    }
}
