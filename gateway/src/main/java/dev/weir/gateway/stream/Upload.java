package dev.weir.gateway.stream;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.api.RequestReader;
import io.vertx.core.buffer.Buffer;

/**
 * An image that a client sent over its socket. A binary message is the header's length as a big-endian u32, the header
 * {@code {"upload": NAME}} as JSON, and the file. Immutable.
 */
record Upload(String name, ReadImage image) {

    private static final int MOST_HEADER_BYTES = 1024;
    private static final int MAX_NAME_LENGTH = 256;

    /** Any thread. Throws {@link ApiException} if it is no upload. */
    static Upload of(Buffer message, RequestReader reader) {
        String name = name(message);
        byte[] file = message.getBytes(Integer.BYTES + message.getInt(0), message.length());
        return new Upload(name, reader.readImage(file));
    }

    /** The same without reading the file. */
    static String name(Buffer message) {
        int head = message.length() < Integer.BYTES ? 0 : message.getInt(0);
        if (head < 1 || head > MOST_HEADER_BYTES || message.length() < Integer.BYTES + head) {
            String problem = "a binary message must be the length of a header, the header in JSON, and a file";
            throw new ApiException(ApiError.invalid("invalid_upload", problem, null));
        }
        Fields header = Fields.parse(message.getBytes(Integer.BYTES, Integer.BYTES + head));
        return header.text("upload", MAX_NAME_LENGTH).orElseThrow(() -> header.missing("upload"));
    }
}
