package dev.weir.engine.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.WeightsException;
import dev.weir.engine.WeightsException.Cause;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads the header of a safetensors file: eight bytes of length, then JSON that places every tensor in the rest.
 *
 * <p>Nothing is believed before it is checked against the file's size, and nothing is allocated on the header's word: a
 * header costs at most what the file has. The tensors must tile the data exactly, as the format demands
 * (huggingface/safetensors, "Format"), so neither overlaps nor holes pass. Stateless; any thread.
 */
final class SafetensorsHeader {

    /** The format's own limit on the header. */
    private static final long MAX_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";

    private static final Map<String, WeightType> TYPES =
            Stream.of(WeightType.values()).collect(Collectors.toMap(WeightType::name, type -> type));

    private SafetensorsHeader() {}

    /**
     * What a file says of itself.
     *
     * @param tensors in the order of their bytes
     * @param metadata texts of whoever wrote the file
     */
    record Header(List<TensorInfo> tensors, Map<String, String> metadata) {}

    /** The channel is left open, its position moved. */
    static Header read(Path file, SeekableByteChannel channel) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < Long.BYTES) {
            throw new WeightsException(
                    Cause.INCOMPLETE, "%s: %d bytes are too few for a safetensors file".formatted(file, fileBytes));
        }
        channel.position(0);
        long headerBytes = readFully(file, channel, Long.BYTES).getLong();
        if (headerBytes < 2) {
            throw new ModelException("%s: the header says it has %s bytes, the file has %d"
                    .formatted(file, Long.toUnsignedString(headerBytes), fileBytes));
        }
        if (headerBytes > fileBytes - Long.BYTES) {
            throw new WeightsException(
                    Cause.INCOMPLETE,
                    "%s: the header says it has %d bytes, the file has %d".formatted(file, headerBytes, fileBytes));
        }
        if (headerBytes > MAX_BYTES) {
            throw new ModelException(
                    "%s: a header of %d bytes is over the limit of %d".formatted(file, headerBytes, MAX_BYTES));
        }
        JsonNode header = JsonFile.parse(
                file + ": header", readFully(file, channel, (int) headerBytes).array());
        long dataStart = Long.BYTES + headerBytes;
        List<TensorInfo> tensors = new ArrayList<>(header.size());
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (!entry.getKey().equals(METADATA)) {
                tensors.add(tensor(file, entry.getKey(), entry.getValue(), dataStart, fileBytes));
            }
        }
        tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::length));
        requireTiling(file, tensors, dataStart, fileBytes);
        Map<String, String> metadata = new TreeMap<>();
        header.path(METADATA)
                .properties()
                .forEach(text -> metadata.put(text.getKey(), text.getValue().asText()));
        return new Header(tensors, metadata);
    }

    private static ByteBuffer readFully(Path file, SeekableByteChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException(file + ": became shorter while it was read");
            }
        }
        return buffer.flip();
    }

    private static TensorInfo tensor(Path file, String name, JsonNode entry, long dataStart, long fileBytes) {
        // A file has hundreds of tensors: what is wrong is put into words only where something is.
        String where = file + ": tensor '" + name + "'";
        WeightType type = type(where, entry.path("dtype"));
        long[] shape = counts(where, "shape", entry.path("shape"));
        long[] offsets = counts(where, "data_offsets", entry.path("data_offsets"));
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw new ModelException(notARange(where, offsets, fileBytes - dataStart));
        }
        long length = offsets[1] - offsets[0];
        if (length != bytesOf(where, type, shape)) {
            throw new ModelException(
                    "%s: %d bytes do not fill shape %s of %s".formatted(where, length, Arrays.toString(shape), type));
        }
        if (offsets[1] > fileBytes - dataStart) {
            throw new WeightsException(Cause.INCOMPLETE, notARange(where, offsets, fileBytes - dataStart));
        }
        return new TensorInfo(name, type, shape, file, dataStart + offsets[0], length);
    }

    private static String notARange(String where, long[] offsets, long bytes) {
        return "%s: data_offsets %s are not a range within the file's %d bytes of data"
                .formatted(where, Arrays.toString(offsets), bytes);
    }

    private static WeightType type(String where, JsonNode dtype) {
        WeightType type = TYPES.get(dtype.asText());
        if (type == null || !dtype.isTextual()) {
            String problem = "%s: dtype %s is not one of %s"
                    .formatted(where, excerpt(dtype), Arrays.toString(WeightType.values()));
            throw dtype.isTextual() ? new WeightsException(Cause.TYPE, problem) : new ModelException(problem);
        }
        return type;
    }

    private static long[] counts(String where, String key, JsonNode list) {
        if (!list.isArray()) {
            throw new ModelException("%s: %s is not a list but %s".formatted(where, key, excerpt(list)));
        }
        long[] counts = new long[list.size()];
        for (int i = 0; i < counts.length; i++) {
            JsonNode count = list.get(i);
            if (!count.isIntegralNumber() || !count.canConvertToLong() || count.longValue() < 0) {
                throw new ModelException("%s: %s[%d] is not a count but %s".formatted(where, key, i, excerpt(count)));
            }
            counts[i] = count.longValue();
        }
        return counts;
    }

    private static long bytesOf(String where, WeightType type, long[] shape) {
        try {
            long bytes = type.bytes();
            for (long side : shape) {
                bytes = Math.multiplyExact(bytes, side);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw new ModelException("%s: shape %s is too large".formatted(where, Arrays.toString(shape)), e);
        }
    }

    private static void requireTiling(Path file, List<TensorInfo> tensors, long dataStart, long fileBytes) {
        long end = dataStart;
        for (TensorInfo tensor : tensors) {
            if (tensor.offset() != end) {
                throw new ModelException("%s: tensor '%s' %s the tensor before it: its data starts at byte %d, not %d"
                        .formatted(
                                file,
                                tensor.name(),
                                tensor.offset() < end ? "overlaps" : "leaves a hole after",
                                tensor.offset() - dataStart,
                                end - dataStart));
            }
            end += tensor.length();
        }
        if (end != fileBytes) {
            throw new ModelException("%s: the last %d bytes belong to no tensor".formatted(file, fileBytes - end));
        }
    }

    /** What an error shows of a value: it may be as long as the header. */
    private static String excerpt(JsonNode node) {
        if (node.isMissingNode()) {
            return "missing";
        }
        String text = node.isContainerNode() ? node.getNodeType().name().toLowerCase(Locale.ROOT) : node + "";
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
