package dev.weir.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.adapter.AdaptedParts;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Writes a LoRA of the linear layers of a UNet's attention blocks, with random numbers. */
final class RandomLora {

    /** What kohya's trainer changes by default. */
    private static final Pattern LAYERS =
            Pattern.compile(".*(to_q|to_k|to_v|to_out\\.0|ff\\.net\\.0\\.proj|ff\\.net\\.2|proj_in|proj_out)");

    private RandomLora() {}

    static Lora write(Path folder, String name, AdaptedParts parts, int rank, long seed) throws IOException {
        Map<String, int[]> tensors = new TreeMap<>();
        parts.shapes().get(parts.unet()).forEach((layer, shape) -> {
            if (LAYERS.matcher(layer).matches()) {
                int in = shape.stream().skip(1).reduce(1, Math::multiplyExact);
                tensors.put(parts.unet() + "." + layer + ".lora_A.weight", new int[] {rank, in});
                tensors.put(parts.unet() + "." + layer + ".lora_B.weight", new int[] {shape.get(0), rank});
            }
        });
        var json = new ObjectMapper();
        ObjectNode header = json.createObjectNode();
        int offset = 0;
        for (Map.Entry<String, int[]> tensor : tensors.entrySet()) {
            int end = offset + Float.BYTES * tensor.getValue()[0] * tensor.getValue()[1];
            ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "F32");
            entry.set("shape", json.valueToTree(tensor.getValue()));
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] head = json.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + head.length + offset).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(head.length).put(head);
        Random random = new Random(seed);
        while (file.hasRemaining()) {
            file.putFloat((float) random.nextGaussian() / 100);
        }
        Path path = Files.write(folder.resolve(name + ".safetensors"), file.array());
        return LoraFile.open(path, name, parts).lora();
    }
}
