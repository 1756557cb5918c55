package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/** Writes whole models in one file as the reference recorded their naming: of the tensors of tiny folders, or of published shapes. */
final class SingleFiles {

    /** @param bytes empty where the file has room for them and no content */
    record Entry(WeightType type, long[] shape, byte[] bytes) {

        static Entry floats(float... values) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return new Entry(WeightType.F32, new long[] {values.length}, bytes.array());
        }

        long length() {
            return Arrays.stream(shape).reduce(type.bytes(), (a, b) -> a * b);
        }
    }

    private SingleFiles() {}

    /** The tensors of a tiny model under their names in a file. */
    static Map<String, Entry> tiny(String name) throws IOException {
        Map<String, ComponentWeights> folders = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> line : table(name).properties()) {
            List<Entry> parts = StreamSupport.stream(line.getValue().spliterator(), false)
                    .skip(1)
                    .map(JsonNode::asText)
                    .map(part -> {
                        int end = part.lastIndexOf('/');
                        String folder = part.substring(0, end);
                        ComponentWeights weights =
                                folders.computeIfAbsent(folder, key -> ComponentWeights.open(ReferenceFile.path(key)));
                        return entry(weights, part.substring(end + 1));
                    })
                    .toList();
            entries.put(line.getKey(), made(line.getValue().get(0).asText(), parts));
        }
        return entries;
    }

    /** The tensors of a published model in half precision, without their content. */
    static Map<String, Entry> published(String name) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> line : table(name + "-published").properties()) {
            long[] shape = StreamSupport.stream(line.getValue().spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            entries.put(line.getKey(), new Entry(WeightType.F16, shape, new byte[0]));
        }
        return entries;
    }

    private static Entry entry(ComponentWeights weights, String name) {
        TensorInfo info = weights.info(name);
        byte[] bytes = new byte[(int) info.length()];
        weights.bytes(name).get(bytes);
        return new Entry(info.type(), info.shape(), bytes);
    }

    private static Entry made(String how, List<Entry> parts) {
        Entry first = parts.get(0);
        long[] shape = first.shape();
        return switch (how) {
            case "same" -> first;
            case "kernel" -> new Entry(first.type(), new long[] {shape[0], shape[1], 1, 1}, first.bytes());
            case "joined" -> {
                var all = new ByteArrayOutputStream();
                parts.forEach(part -> all.writeBytes(part.bytes()));
                long[] longer = shape.clone();
                longer[0] = parts.stream().mapToLong(part -> part.shape()[0]).sum();
                yield new Entry(first.type(), longer, all.toByteArray());
            }
            case "swapped" -> {
                byte[] bytes = new byte[first.bytes().length];
                int half = bytes.length / 2;
                System.arraycopy(first.bytes(), half, bytes, 0, half);
                System.arraycopy(first.bytes(), 0, bytes, half, half);
                yield new Entry(first.type(), shape, bytes);
            }
            case "transposed" -> {
                int size = first.type().bytes();
                byte[] bytes = new byte[first.bytes().length];
                for (int row = 0; row < shape[0]; row++) {
                    for (int column = 0; column < shape[1]; column++) {
                        int from = (int) (row * shape[1] + column) * size;
                        System.arraycopy(first.bytes(), from, bytes, (int) (column * shape[0] + row) * size, size);
                    }
                }
                yield new Entry(first.type(), new long[] {shape[1], shape[0]}, bytes);
            }
            default -> throw new IllegalArgumentException(how);
        };
    }

    private static JsonNode table(String name) throws IOException {
        Path file = ReferenceFile.path("single_files").resolve(name + ".json.gz");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new ObjectMapper().readTree(in);
        }
    }

    /** As the library writes it, with a header of whole words. Room without content costs no disk. */
    static Path write(Path file, Map<String, Entry> entries) throws IOException {
        return write(file, entries, Map.of());
    }

    static Path write(Path file, Map<String, Entry> entries, Map<String, String> metadata) throws IOException {
        ObjectNode header = JsonNodeFactory.instance.objectNode();
        metadata.forEach(header.putObject("__metadata__")::put);
        long offset = 0;
        for (Map.Entry<String, Entry> line : entries.entrySet()) {
            Entry entry = line.getValue();
            ObjectNode tensor =
                    header.putObject(line.getKey()).put("dtype", entry.type().name());
            Arrays.stream(entry.shape()).forEach(tensor.putArray("shape")::add);
            tensor.putArray("data_offsets").add(offset).add(offset + entry.length());
            offset += entry.length();
        }
        String json = header.toString();
        byte[] text = (json + " ".repeat(-json.length() & Long.BYTES - 1)).getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long start = Long.BYTES + text.length;
            ByteBuffer head = ByteBuffer.allocate((int) start).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(head.putLong(text.length).put(text).flip());
            long next = start;
            for (Entry entry : entries.values()) {
                channel.write(ByteBuffer.wrap(entry.bytes()), next);
                next += entry.length();
            }
            if (channel.size() < next) {
                channel.write(ByteBuffer.allocate(1), next - 1);
            }
        }
        return file;
    }

    /** Settings that take the configurations from a folder, and say more. */
    static void settings(Path file, String folder, String more) throws IOException {
        Files.writeString(
                ModelSettings.file(file),
                "{\"config\": \"%s\"%s}".formatted(ReferenceFile.path(folder).toAbsolutePath(), more));
    }
}
