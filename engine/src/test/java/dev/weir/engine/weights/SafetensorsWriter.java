package dev.weir.engine.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.StringJoiner;

/** Writes safetensors files for tests: right ones tensor by tensor, wrong ones from whatever header one likes. */
public final class SafetensorsWriter {

    private final StringJoiner header = new StringJoiner(",", "{", "}");
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    public SafetensorsWriter tensor(String name, WeightType type, byte[] bytes, long... shape) {
        header.add("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, type, Arrays.toString(shape), data.size(), data.size() + bytes.length));
        data.writeBytes(bytes);
        return this;
    }

    SafetensorsWriter floats(String name, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return tensor(name, WeightType.F32, bytes.array(), values.length);
    }

    public SafetensorsWriter metadata(String json) {
        header.add("\"__metadata__\":" + json);
        return this;
    }

    byte[] bytes() {
        return file(header.toString(), data.toByteArray());
    }

    public Path write(Path file) {
        return write(file, bytes());
    }

    static byte[] file(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
