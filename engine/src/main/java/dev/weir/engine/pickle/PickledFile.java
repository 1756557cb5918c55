package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import dev.weir.engine.WeightsException;
import dev.weir.engine.WeightsException.Cause;
import dev.weir.engine.weights.FileStamp;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of one pickled file of PyTorch ({@code .ckpt}, {@code .pt}, {@code .pth}, {@code .bin}). Runs nothing that the file says.
 * Each tensor is mapped when its bytes are asked for; one whose numbers do not lie one after another is copied then. All tensors
 * together have at most {@value #MOST_COPIES} times the file's bytes, as tensors may share storages. Immutable; any thread.
 */
public final class PickledFile implements Weights {

    private static final int MOST_COPIES = 4;

    private record Found(TensorInfo info, TensorView view, Extent storage) {}

    private final Path file;
    private final FileStamp stamp;
    private final Map<String, String> notes;
    private final Map<String, Found> tensors = new LinkedHashMap<>();

    private PickledFile(FileStamp stamp, Contents contents) {
        this.file = stamp.path();
        this.stamp = stamp;
        this.notes = StateDict.notes(contents.root());
        long bytes = 0;
        for (Map.Entry<String, TensorView> tensor :
                StateDict.of(contents.root()).entrySet()) {
            Found found = found(tensor.getKey(), tensor.getValue(), contents.storages());
            tensors.put(tensor.getKey(), found);
            bytes += found.info.length();
            if (bytes > MOST_COPIES * stamp.bytes()) {
                throw new ModelException("its tensors share numbers: they are of more than %d times its %d bytes"
                        .formatted(MOST_COPIES, stamp.bytes()));
            }
        }
    }

    /** Throws {@link ModelException} that names the file and what is in it that Weir does not read. */
    public static PickledFile open(Path file) {
        // A pipe would never open.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ModelException(file + ": cannot be read: it is not a file");
        }
        FileStamp stamp = FileStamp.of(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new PickledFile(stamp, Contents.read(channel));
        } catch (IOException e) {
            throw new WeightsException(Cause.UNREADABLE, file + ": cannot be read: " + SystemReason.of(e), e);
        } catch (ModelException e) {
            throw e.in(file);
        }
    }

    private Found found(String name, TensorView view, Map<String, Extent> storages) {
        WeightType type = view.storage().weightType();
        if (type == null) {
            throw new ModelException("tensor '%s' is of %s, which Weir does not read"
                    .formatted(name, view.storage().type()));
        }
        Extent extent = storages.get(view.storage().key());
        if (extent == null || extent.length() < view.storage().count() * type.bytes()) {
            throw new ModelException("tensor '%s' has its numbers in storage %s, which is not all there"
                    .formatted(name, view.storage().key()));
        }
        boolean isWhole = view.isContiguous();
        long offset = isWhole ? extent.offset() + view.offset() * type.bytes() : TensorInfo.MADE;
        long length = view.count() * type.bytes();
        return new Found(new TensorInfo(name, type, view.shape(), file, offset, length), view, extent);
    }

    /** What the file says beside its tensors: {@code global_step}, if it has that. */
    public Map<String, String> notes() {
        return notes;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return tensor(name).info;
    }

    @Override
    public ByteBuffer bytes(String name) {
        Found found = tensor(name);
        int size = found.info.type().bytes();
        long start = found.storage.offset() + found.view.offset() * size;
        long span = found.view.span() * size;
        long most = Math.max(span, found.info.length());
        if (most > Integer.MAX_VALUE) {
            throw new ModelException("%s: tensor '%s' has %d bytes, over the limit of %d"
                    .formatted(file, name, most, Integer.MAX_VALUE));
        }
        requireUnchanged();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, start, span);
            return (found.info.isInFile() ? mapped : gathered(mapped, found.view, size)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new WeightsException(Cause.UNREADABLE, file + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /** The numbers in the order of the tensor's axes. */
    private static ByteBuffer gathered(ByteBuffer from, TensorView view, int size) {
        ByteBuffer to = ByteBuffer.allocate(Math.toIntExact(view.count() * size));
        long[] place = new long[view.shape().length];
        long at = 0;
        while (to.hasRemaining()) {
            for (int i = 0; i < size; i++) {
                to.put(from.get((int) at * size + i));
            }
            for (int axis = place.length - 1; axis >= 0; axis--) {
                at += view.strides()[axis];
                if (++place[axis] < view.shape()[axis]) {
                    break;
                }
                at -= place[axis] * view.strides()[axis];
                place[axis] = 0;
            }
        }
        return to.flip();
    }

    @Override
    public void requireUnchanged() {
        stamp.requireUnchanged();
    }

    @Override
    public void requireNotTruncated() {
        stamp.requireNotTruncated();
    }

    private Found tensor(String name) {
        Found found = tensors.get(name);
        if (found == null) {
            throw new ModelException("%s: no tensor '%s'".formatted(file, name));
        }
        return found;
    }
}
