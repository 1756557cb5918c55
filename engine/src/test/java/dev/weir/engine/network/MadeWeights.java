package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Weights that are not stored: each number follows from its tensor's name and its index, by the rule that
 * {@code tools/reference/unets.py} has too.
 */
final class MadeWeights {

    private MadeWeights() {}

    /**
     * Writes a checkpoint of all weights that the network expects.
     *
     * @param digest of the names and shapes that diffusers expects
     */
    static Weights of(JsonNode config, String digest, Path file) {
        var shapes = new TreeMap<>(Networks.shapes(config));
        assertThat(digest(shapes)).as("names and shapes, %s", shapes).isEqualTo(digest);
        var writer = new SafetensorsWriter();
        shapes.forEach((name, shape) -> writer.tensor(
                name,
                WeightType.F32,
                values(name, shape),
                shape.stream().mapToLong(side -> side).toArray()));
        return SafetensorsFile.open(writer.write(file));
    }

    private static String digest(Map<String, List<Integer>> shapes) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            shapes.forEach(
                    (name, shape) -> digest.update((name + " " + shape + "\n").getBytes(StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static byte[] values(String name, List<Integer> shape) {
        int size = shape.stream().reduce(1, Math::multiplyExact);
        int ofOne = size / shape.get(0);
        boolean isScale = name.contains("norm") && name.endsWith(".weight");
        var bytes = ByteBuffer.allocate(Float.BYTES * size).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < size; i++) {
            float noise = noise(name, i);
            if (name.startsWith("time_proj.")) {
                bytes.putFloat(noise * 0.01f);
            } else if (shape.size() > 1) {
                bytes.putFloat(noise * (float) Math.sqrt(3.0 / ofOne));
            } else {
                bytes.putFloat(isScale ? 1 + 0.25f * noise : 0.25f * noise);
            }
        }
        return bytes.array();
    }

    /** In [-1, 1): murmur3's finalizer over the index. */
    private static float noise(String name, int index) {
        var crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        int h = index * 0x9E3779B9 ^ (int) crc.getValue();
        h = (h ^ h >>> 16) * 0x85EBCA6B;
        h = (h ^ h >>> 13) * 0xC2B2AE35;
        h ^= h >>> 16;
        return (h >>> 8) * 0x1p-23f - 1;
    }
}
