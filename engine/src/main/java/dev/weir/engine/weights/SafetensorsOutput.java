package dev.weir.engine.weights;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Writes safetensors files as the library of that name orders them: wide types first, then by name. One tensor at a time is in memory. The
 * file appears under its name when it is whole. Stateless; any thread.
 */
public final class SafetensorsOutput {

    private static final String FORMAT = "format";
    private static final String PYTORCH = "pt";

    private SafetensorsOutput() {}

    /**
     * Throws {@link ModelException} that says why the file cannot be written; there is none then, or the one that was there before.
     *
     * @param notes texts for the file's metadata
     * @param progress told after each tensor how many bytes it had
     */
    public static void write(Path file, Weights weights, Map<String, String> notes, LongConsumer progress) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel out = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                write(out, weights, notes, progress);
                out.force(true);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new ModelException("%s: cannot be written: %s".formatted(file, SystemReason.of(e)), e);
        } finally {
            delete(part);
        }
    }

    private static void write(FileChannel out, Weights weights, Map<String, String> notes, LongConsumer progress)
            throws IOException {
        List<TensorInfo> tensors = weights.names().stream()
                .map(weights::info)
                .sorted(Comparator.comparing(
                                (TensorInfo tensor) -> -tensor.type().bytes())
                        .thenComparing(TensorInfo::type)
                        .thenComparing(TensorInfo::name))
                .toList();
        writeFully(out, header(tensors, notes));
        for (TensorInfo tensor : tensors) {
            writeFully(out, weights.bytes(tensor.name()));
            progress.accept(tensor.length());
        }
    }

    private static ByteBuffer header(List<TensorInfo> tensors, Map<String, String> notes) {
        ObjectNode header = JsonNodeFactory.instance.objectNode();
        ObjectNode metadata = header.putObject("__metadata__").put(FORMAT, PYTORCH);
        notes.forEach(metadata::put);
        long offset = 0;
        for (TensorInfo tensor : tensors) {
            ObjectNode entry =
                    header.putObject(tensor.name()).put("dtype", tensor.type().name());
            Arrays.stream(tensor.shape()).forEach(entry.putArray("shape")::add);
            entry.putArray("data_offsets").add(offset).add(offset + tensor.length());
            offset += tensor.length();
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
        byte[] text = Arrays.copyOf(json, padded);
        Arrays.fill(text, json.length, padded, (byte) ' ');
        return ByteBuffer.allocate(Long.BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(text)
                .flip();
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static void delete(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            // It is left behind, and is no model by its name.
        }
    }
}
