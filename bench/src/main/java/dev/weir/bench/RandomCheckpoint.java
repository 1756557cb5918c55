package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.network.Networks;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writes a component of any size with random fp16 weights, scaled so that activations keep about unit size. */
public final class RandomCheckpoint {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** Weights repeat after this many, because drawing a gigabyte of normals takes longer than everything else. */
    private static final int PERIOD = 1 << 16;

    private RandomCheckpoint() {}

    /** @return how many weights were written */
    public static long write(Path folder, JsonNode config, long seed) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config.toString());
        Map<String, List<Integer>> shapes = Networks.shapes(config);
        byte[] head = head(shapes);
        float[] normals = normals(seed);
        long written = 0;
        Path file = folder.resolve("diffusion_pytorch_model.safetensors");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            out.write(head);
            for (Map.Entry<String, List<Integer>> weight : shapes.entrySet()) {
                writeWeights(out, weight.getKey(), weight.getValue(), normals);
                written += count(weight.getValue());
            }
        }
        return written;
    }

    /** What a file of these weights begins with, in fp16. */
    public static byte[] head(Map<String, List<Integer>> shapes) throws IOException {
        byte[] header = header(shapes);
        return ByteBuffer.allocate(Long.BYTES + header.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    /** How many bytes follow the head. */
    public static long bytes(Map<String, List<Integer>> shapes) {
        return 2 * shapes.values().stream().mapToLong(RandomCheckpoint::count).sum();
    }

    private static byte[] header(Map<String, List<Integer>> shapes) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        long offset = 0;
        for (Map.Entry<String, List<Integer>> weight : shapes.entrySet()) {
            long end = offset + 2 * count(weight.getValue());
            ObjectNode tensor = header.putObject(weight.getKey());
            tensor.put("dtype", "F16");
            tensor.set("shape", JSON.valueToTree(weight.getValue()));
            tensor.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        String text = JSON.writeValueAsString(header);
        int padding = (8 - text.length() % 8) % 8;
        return (text + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }

    private static float[] normals(long seed) {
        Random random = new Random(seed);
        float[] normals = new float[PERIOD];
        for (int i = 0; i < PERIOD; i++) {
            normals[i] = (float) random.nextGaussian();
        }
        return normals;
    }

    /** Norm scales are 1 and biases 0. Other weights are normal with the variance of one over their inputs. */
    private static void writeWeights(OutputStream out, String name, List<Integer> shape, float[] normals)
            throws IOException {
        boolean multiplies = shape.size() > 1;
        float deviation = multiplies ? (float) Math.sqrt((double) shape.get(0) / count(shape)) : 0;
        float mean = !multiplies && name.endsWith("weight") ? 1 : 0;
        ByteBuffer block = ByteBuffer.allocate(2 * PERIOD).order(ByteOrder.LITTLE_ENDIAN);
        // ONNX Runtime keeps equal weights once, so that no two begin alike.
        int first = Math.floorMod(name.hashCode(), PERIOD);
        for (int i = 0; i < PERIOD; i++) {
            block.putShort(half(mean + deviation * normals[(first + i) % PERIOD]));
        }
        for (long left = 2 * count(shape); left > 0; left -= block.capacity()) {
            out.write(block.array(), 0, (int) Math.min(left, block.capacity()));
        }
    }

    /** As fp16, towards zero. Numbers below its normal range become 0; none here are above it. */
    private static short half(float value) {
        int bits = Float.floatToRawIntBits(value);
        int exponent = (bits >>> 23 & 0xFF) - 127 + 15;
        return exponent < 1 ? 0 : (short) (bits >>> 16 & 0x8000 | exponent << 10 | bits >>> 13 & 0x3FF);
    }

    private static long count(List<Integer> shape) {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
}
