package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import dev.weir.engine.WeightsException;
import dev.weir.engine.WeightsException.Cause;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One safetensors file, mapped. Immutable; any thread.
 *
 * <p>Opening reads the header and maps the data, which costs address space and no memory: pages come in as they are
 * read. The mapping lives as long as any buffer of it; there is nothing to close. To read a page that is not in the file any more ends
 * the process, or is an {@link InternalError}, so each access to bytes looks first whether the file has changed.
 */
public final class SafetensorsFile implements Weights {

    private final Path file;
    private final FileStamp stamp;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, ByteBuffer> buffers = new LinkedHashMap<>();
    private final Map<String, String> metadata;

    private SafetensorsFile(FileStamp stamp, FileChannel channel) throws IOException {
        this.file = stamp.path();
        this.stamp = stamp;
        SafetensorsHeader.Header header = SafetensorsHeader.read(file, channel);
        this.metadata = header.metadata();
        List<TensorInfo> inOrder = header.tensors();
        inOrder.forEach(tensor -> tensors.put(tensor.name(), tensor));
        int first = 0;
        while (first < inOrder.size()) {
            int end = segmentEnd(inOrder, first);
            map(channel, inOrder.subList(first, end));
            first = end;
        }
    }

    /** Texts of whoever wrote the file. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** Throws {@link ModelException} that names the file, and the tensor where there is one to blame. */
    public static SafetensorsFile open(Path file) {
        // A pipe would never open.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ModelException(file + ": cannot be read: it is not a file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            // Older than the mapping, so that no change between the two goes unnoticed.
            return new SafetensorsFile(FileStamp.of(file), channel);
        } catch (NoSuchFileException e) {
            throw new WeightsException(Cause.INCOMPLETE, file + ": no such file", e);
        } catch (IOException e) {
            throw new WeightsException(Cause.UNREADABLE, file + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = tensors.get(name);
        if (info == null) {
            throw new ModelException("%s: no tensor '%s'".formatted(file, name));
        }
        return info;
    }

    @Override
    public ByteBuffer bytes(String name) {
        TensorInfo info = info(name);
        ByteBuffer buffer = buffers.get(name);
        if (buffer == null) {
            throw new ModelException("%s: tensor '%s' has %d bytes, over the limit of %d"
                    .formatted(file, name, info.length(), Integer.MAX_VALUE));
        }
        requireUnchanged();
        return buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void requireUnchanged() {
        stamp.requireUnchanged();
    }

    @Override
    public void requireNotTruncated() {
        stamp.requireNotTruncated();
    }

    /** Neighbours share a mapping as long as it stays below 2 GiB, what a buffer can address; at least one tensor. */
    private static int segmentEnd(List<TensorInfo> inOrder, int first) {
        long start = inOrder.get(first).offset();
        int end = first + 1;
        while (end < inOrder.size() && endOf(inOrder.get(end)) - start <= Integer.MAX_VALUE) {
            end++;
        }
        return end;
    }

    private void map(FileChannel channel, List<TensorInfo> segment) throws IOException {
        long start = segment.get(0).offset();
        long length = endOf(segment.get(segment.size() - 1)) - start;
        if (length > Integer.MAX_VALUE) {
            return; // a single tensor that no buffer can hold: told when it is asked for
        }
        ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, start, length);
        for (TensorInfo tensor : segment) {
            buffers.put(tensor.name(), mapped.slice((int) (tensor.offset() - start), (int) tensor.length()));
        }
    }

    private static long endOf(TensorInfo tensor) {
        return tensor.offset() + tensor.length();
    }
}
