package dev.weir.gateway.stream;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import io.vertx.core.buffer.Buffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The images that a client sent over its socket, until they make room for newer ones. A binary message is the header's length as
 * a big-endian u32, the header {@code {"upload": NAME}} as JSON, and the file. A command names it as {@code upload:NAME} where an
 * image is expected. Event loop of the socket.
 */
final class Uploads {

    private static final String PREFIX = "upload:";
    private static final int MOST_HEADER_BYTES = 1024;
    private static final int MAX_NAME_LENGTH = 256;

    private final long maxBytes;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private long bytes;

    /** @param maxBytes of all together; the oldest go first */
    Uploads(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Throws {@link ApiException} if it is no upload. */
    void add(Buffer message) {
        int head = message.length() < Integer.BYTES ? 0 : message.getInt(0);
        if (head < 1 || head > MOST_HEADER_BYTES || message.length() < Integer.BYTES + head) {
            String problem = "a binary message must be the length of a header, the header in JSON, and a file";
            throw new ApiException(ApiError.invalid("invalid_upload", problem, null));
        }
        Fields header = Fields.parse(message.getBytes(Integer.BYTES, Integer.BYTES + head));
        String name = header.text("upload", MAX_NAME_LENGTH).orElseThrow(() -> header.missing("upload"));
        byte[] file = message.getBytes(Integer.BYTES + head, message.length());
        remove(name);
        while (!files.isEmpty() && bytes + file.length > maxBytes) {
            remove(files.keySet().iterator().next());
        }
        files.put(name, file);
        bytes += file.length;
    }

    private void remove(String name) {
        byte[] removed = files.remove(name);
        bytes -= removed == null ? 0 : removed.length;
    }

    /** The fields of a command, with the files that they name. */
    Fields in(Fields fields) {
        Fields whole = fields;
        for (String name : Fields.images()) {
            String named =
                    fields.text(name).filter(text -> text.startsWith(PREFIX)).orElse(null);
            if (named != null) {
                byte[] file = files.get(named.substring(PREFIX.length()));
                if (file == null) {
                    throw fields.invalid("unknown_upload", name, "names no image that this socket has sent");
                }
                whole = whole.with(name, file);
            }
        }
        return whole;
    }
}
