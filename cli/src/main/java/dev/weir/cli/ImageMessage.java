package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A binary message of {@code /v1/stream}: the header's length as a big-endian u32, the header as JSON, the image file.
 *
 * @param isFinal whether it is the picture itself, and no frame on the way to it
 * @param format {@code png} or {@code jpeg}
 */
record ImageMessage(boolean isFinal, int sample, int step, String format, byte[] bytes) {

    static ImageMessage read(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        int headerLength = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        if (headerLength < 0 || headerLength > in.remaining()) {
            throw new CliException(CliException.FAILED, "what answered is no Weir gateway: a picture without a header");
        }
        byte[] header = new byte[headerLength];
        in.get(header);
        byte[] image = new byte[in.remaining()];
        in.get(image);
        JsonNode told = GatewayClient.parse(new String(header, StandardCharsets.UTF_8));
        return new ImageMessage(
                told.path("kind").asText().equals("final"),
                told.path("sample").asInt(),
                told.path("step").asInt(),
                told.path("format").asText("png"),
                image);
    }
}
