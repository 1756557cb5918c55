package dev.weir.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the chunks that a WebP consists of. Stateless; any thread. */
public final class RiffChunk {

    private static final int HEADER = 8;

    private RiffChunk() {}

    public static byte[] of(String name, byte[] content) {
        return ByteBuffer.allocate(HEADER + content.length + content.length % 2)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(name.getBytes(StandardCharsets.ISO_8859_1))
                .putInt(content.length)
                .put(content)
                .array();
    }

    /** A file of some chunks. */
    public static byte[] webp(byte[] chunks) {
        var content = ByteBuffer.allocate(4 + chunks.length)
                .put("WEBP".getBytes(StandardCharsets.ISO_8859_1))
                .put(chunks)
                .array();
        return of("RIFF", content);
    }
}
