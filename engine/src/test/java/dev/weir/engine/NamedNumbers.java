package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;

/** Original files with the numbers that a reference had, which follow from the tensors' names. */
final class NamedNumbers {

    private NamedNumbers() {}

    /**
     * The file of a network, in a folder.
     *
     * @param networks the reference's list of networks, with the shapes, scales and shifts of their tensors
     * @param prefix of the names that the numbers follow from
     */
    static Path write(Path folder, String networks, String network, String prefix) {
        Path file = folder.resolve(network + ".pt");
        if (Files.exists(file)) {
            return file;
        }
        Map<String, SingleFiles.Entry> tensors = new LinkedHashMap<>();
        for (JsonNode tensor : network(networks, network).get("tensors")) {
            long[] shape = StreamSupport.stream(tensor.get("shape").spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            tensors.put(tensor.get("name").asText(), entry(tensor, prefix, shape));
        }
        try {
            return TorchFiles.write(file, tensors, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode network(String networks, String name) {
        return ReferenceCases.of(networks)
                .filter(network -> network.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static SingleFiles.Entry entry(JsonNode tensor, String prefix, long[] shape) {
        var crc = new CRC32();
        crc.update((prefix + tensor.get("name").asText()).getBytes(StandardCharsets.UTF_8));
        var numbers = new SplittableRandom(crc.getValue());
        float scale = (float) tensor.get("scale").asDouble();
        float shift = (float) tensor.get("shift").asDouble();
        int count = 1;
        for (long side : shape) {
            count *= (int) side;
        }
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float even = (numbers.nextLong() >>> 40) * 0x1p-23f - 1;
            bytes.putFloat(even * scale + shift);
        }
        return new SingleFiles.Entry(WeightType.F32, shape, bytes.array());
    }
}
