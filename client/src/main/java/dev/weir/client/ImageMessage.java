package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A binary message of {@code /v1/stream}: the header's length as a big-endian u32, the header as JSON, the image file.
 *
 * @param isFinal whether this is the finished image and not a frame
 */
record ImageMessage(
        boolean isFinal, int sample, int step, int total, ImageFormat format, int width, int height, byte[] bytes) {

    static ImageMessage read(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        int headerLength = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        if (headerLength < 0 || headerLength > in.remaining()) {
            throw GenerationFailedException.notWeir("an image came without a header", null);
        }
        byte[] header = new byte[headerLength];
        in.get(header);
        byte[] image = new byte[in.remaining()];
        in.get(image);
        JsonNode told = Json.parse(new String(header, StandardCharsets.UTF_8));
        return new ImageMessage(
                told.path("kind").asText().equals("final"),
                told.path("sample").asInt(),
                told.path("step").asInt(),
                told.path("total").asInt(),
                ImageFormat.named(told.path("format").asText()),
                told.path("width").asInt(),
                told.path("height").asInt(),
                image);
    }

    GenerationEvent.Frame toFrame() {
        return new GenerationEvent.Frame(sample, step, total, format, width, height, bytes);
    }
}
