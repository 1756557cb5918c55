package dev.weir.tests;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The text chunks of a PNG file, read by the format's specification and not by Weir. */
final class PngText {

    private static final int SIGNATURE_BYTES = 8;

    private PngText() {}

    static Map<String, String> of(byte[] png) {
        Map<String, String> texts = new LinkedHashMap<>();
        ByteBuffer in = ByteBuffer.wrap(png).position(SIGNATURE_BYTES);
        while (in.hasRemaining()) {
            byte[] data = new byte[in.getInt()];
            byte[] type = new byte[Integer.BYTES];
            in.get(type).get(data).getInt();
            if (new String(type, StandardCharsets.ISO_8859_1).equals("tEXt")) {
                String[] parts = new String(data, StandardCharsets.ISO_8859_1).split("\0", 2);
                texts.put(parts[0], parts[1]);
            }
        }
        return texts;
    }
}
