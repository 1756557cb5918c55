package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Tensors of a file under other names, whole, in part or in another shape. They stay in the file. Only a transposed matrix is
 * copied, each time that its bytes are asked for. Confined to one thread while tensors are added, then immutable.
 */
public final class WeightViews implements Weights {

    private record View(TensorInfo info, Supplier<ByteBuffer> bytes) {}

    private final Path file;
    private final Weights weights;
    private final Map<String, View> views = new LinkedHashMap<>();

    /** @param file what an error names */
    public WeightViews(Path file, Weights weights) {
        this.file = file;
        this.weights = weights;
    }

    /** A tensor as the file has it. */
    public TensorInfo original(String name) {
        return weights.info(name);
    }

    /** Adds a tensor under another name. */
    public void add(String name, String original) {
        shaped(name, original, weights.info(original).shape());
    }

    /** Adds a kernel of one pixel as the matrix that it is, and any other tensor as it is. */
    public void flat(String name, String original) {
        long[] shape = weights.info(original).shape();
        boolean isOnePixel = shape.length > 2 && Arrays.stream(shape).skip(2).allMatch(side -> side == 1);
        shaped(name, original, isOnePixel ? Arrays.copyOf(shape, 2) : shape);
    }

    /** Adds a tensor in another shape of the same size. */
    public void shaped(String name, String original, long... shape) {
        TensorInfo whole = weights.info(original);
        views.put(
                name,
                new View(
                        new TensorInfo(name, whole.type(), shape, whole.file(), whole.offset(), whole.length()),
                        () -> weights.bytes(original)));
    }

    /** Adds one of several equal parts of a tensor, cut along its first axis. */
    public void part(String name, String original, int part, int parts) {
        parts(name, original, part, part + 1, parts);
    }

    /**
     * Adds some of several equal parts of a tensor that follow each other, cut along its first axis.
     *
     * @param end the part after the last
     */
    public void parts(String name, String original, int first, int end, int parts) {
        TensorInfo whole = weights.info(original);
        long[] shape = whole.shape().clone();
        if (shape.length == 0 || shape[0] % parts != 0) {
            throw new ModelException("%s: tensor '%s' is not %d tensors in one".formatted(file, original, parts));
        }
        shape[0] = shape[0] / parts * (end - first);
        long length = whole.length() / parts * (end - first);
        long start = whole.length() / parts * first;
        views.put(
                name,
                new View(
                        new TensorInfo(name, whole.type(), shape, whole.file(), whole.offset() + start, length),
                        () -> weights.bytes(original)
                                .slice((int) start, (int) length)
                                .order(ByteOrder.LITTLE_ENDIAN)));
    }

    /**
     * Adds one of several parts of a kernel of one pixel or of a bias, as a matrix or a bias, where each head's parts lie together.
     *
     * @param heads of which each has all parts, one after the other
     */
    public void headPart(String name, String original, int part, int parts, int heads) {
        TensorInfo whole = weights.info(original);
        long[] shape = Arrays.copyOf(whole.shape(), Math.min(2, whole.shape().length));
        if (shape.length == 0 || shape[0] % ((long) parts * heads) != 0) {
            throw new ModelException(
                    "%s: tensor '%s' is not %d tensors of %d heads".formatted(file, original, parts, heads));
        }
        shape[0] /= parts;
        int length = Math.toIntExact(whole.length() / parts);
        int ofHead = length / heads;
        views.put(
                name, new View(new TensorInfo(name, whole.type(), shape, whole.file(), TensorInfo.MADE, length), () -> {
                    ByteBuffer from = weights.bytes(original);
                    ByteBuffer to = ByteBuffer.allocate(length);
                    for (int head = 0; head < heads; head++) {
                        to.put(from.slice((head * parts + part) * ofHead, ofHead));
                    }
                    return to.flip().order(ByteOrder.LITTLE_ENDIAN);
                }));
    }

    /** Adds a tensor whose halves, cut along its first axis, are the other way round. */
    public void swapped(String name, String original) {
        TensorInfo whole = weights.info(original);
        if (whole.shape().length == 0 || whole.shape()[0] % 2 != 0) {
            throw new ModelException("%s: tensor '%s' is not two tensors in one".formatted(file, original));
        }
        int half = Math.toIntExact(whole.length() / 2);
        views.put(
                name,
                new View(
                        new TensorInfo(
                                name, whole.type(), whole.shape(), whole.file(), TensorInfo.MADE, whole.length()),
                        () -> {
                            ByteBuffer from = weights.bytes(original);
                            return ByteBuffer.allocate(2 * half)
                                    .put(from.slice(half, half))
                                    .put(from.slice(0, half))
                                    .flip()
                                    .order(ByteOrder.LITTLE_ENDIAN);
                        }));
    }

    /** Adds the identity, as wide as a vector that was added. */
    public void identity(String name, String vector) {
        TensorInfo of = info(vector);
        int width = Math.toIntExact(of.shape()[0]);
        int length = Math.multiplyExact(Float.BYTES, Math.multiplyExact(width, width));
        var info = new TensorInfo(name, WeightType.F32, new long[] {width, width}, of.file(), TensorInfo.MADE, length);
        views.put(name, new View(info, () -> {
            ByteBuffer to = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < width; i++) {
                to.putFloat(Float.BYTES * i * (width + 1), 1);
            }
            return to;
        }));
    }

    /** Adds a matrix whose rows are the columns of the original. */
    public void transposed(String name, String original) {
        TensorInfo whole = weights.info(original);
        long[] shape = whole.shape();
        if (shape.length != 2) {
            throw new ModelException("%s: tensor '%s' is no matrix".formatted(file, original));
        }
        views.put(
                name,
                new View(
                        new TensorInfo(
                                name,
                                whole.type(),
                                new long[] {shape[1], shape[0]},
                                whole.file(),
                                TensorInfo.MADE,
                                whole.length()),
                        () -> transposed(
                                weights.bytes(original),
                                (int) shape[0],
                                (int) shape[1],
                                whole.type().bytes())));
    }

    private static ByteBuffer transposed(ByteBuffer from, int rows, int columns, int size) {
        ByteBuffer to = ByteBuffer.allocate(from.remaining());
        for (int column = 0; column < columns; column++) {
            for (int row = 0; row < rows; row++) {
                int start = (row * columns + column) * size;
                for (int i = 0; i < size; i++) {
                    to.put(from.get(start + i));
                }
            }
        }
        return to.flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(views.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return view(name).info();
    }

    @Override
    public void requireUnchanged() {
        weights.requireUnchanged();
    }

    @Override
    public void requireNotTruncated() {
        weights.requireNotTruncated();
    }

    @Override
    public ByteBuffer bytes(String name) {
        return view(name).bytes().get();
    }

    private View view(String name) {
        View view = views.get(name);
        if (view == null) {
            throw new ModelException("%s: no tensor '%s'".formatted(file, name));
        }
        return view;
    }
}
