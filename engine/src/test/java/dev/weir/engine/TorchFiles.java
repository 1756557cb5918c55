package dev.weir.engine;

import dev.weir.engine.weights.WeightType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes what {@code torch.save} writes of a dict of tensors, which may be the value of a key. */
final class TorchFiles {

    private static final Map<WeightType, String> STORAGES = Map.of(
            WeightType.F32, "FloatStorage",
            WeightType.F16, "HalfStorage",
            WeightType.BF16, "BFloat16Storage",
            WeightType.I64, "LongStorage",
            WeightType.I32, "IntStorage",
            WeightType.U8, "ByteStorage",
            WeightType.BOOL, "BoolStorage");

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

    private TorchFiles() {}

    static Path write(Path file, Map<String, SingleFiles.Entry> tensors, String key) throws IOException {
        TorchFiles torch = new TorchFiles();
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            put(zip, "archive/data.pkl", torch.pickled(tensors, key));
            int number = 0;
            for (SingleFiles.Entry entry : tensors.values()) {
                put(zip, "archive/data/" + number++, entry.bytes());
            }
        }
        return file;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        var crc = new CRC32();
        crc.update(content);
        var entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private byte[] pickled(Map<String, SingleFiles.Entry> tensors, String key) {
        code("\u0080\u0002");
        if (!key.isEmpty()) {
            code("}").text(key);
        }
        code("ccollections\nOrderedDict\n)R(");
        int number = 0;
        for (Map.Entry<String, SingleFiles.Entry> line : tensors.entrySet()) {
            long[] shape = line.getValue().shape();
            long count = line.getValue().length() / line.getValue().type().bytes();
            text(line.getKey()).code("ctorch._utils\n_rebuild_tensor_v2\n((");
            text("storage").code("ctorch\n" + STORAGES.get(line.getValue().type()) + "\n");
            text(number++ + "").text("cpu").number(count).code("tQK\u0000(");
            for (long side : shape) {
                number(side);
            }
            code("t(");
            for (int i = 0; i < shape.length; i++) {
                long stride = 1;
                for (int j = i + 1; j < shape.length; j++) {
                    stride *= shape[j];
                }
                number(stride);
            }
            code("t\u0089ccollections\nOrderedDict\n)RtR");
        }
        code(key.isEmpty() ? "u." : "us.");
        return pickle.toByteArray();
    }

    private TorchFiles code(String instructions) {
        pickle.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    private TorchFiles text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        pickle.write('X');
        return integer(bytes.length).code(text);
    }

    private TorchFiles number(long number) {
        return code("J").integer((int) number);
    }

    private TorchFiles integer(int number) {
        pickle.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array());
        return this;
    }
}
