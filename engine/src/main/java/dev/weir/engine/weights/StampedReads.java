package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What was read of small files of a folder that is looked at again and again. A file is read again only when it has changed. For one
 * thread at a time.
 */
public final class StampedReads<T> {

    /** @param problem null if there is none */
    private record Read<T>(T value, ModelException problem) {}

    private final Function<Path, T> reader;
    private Map<FileStamp, Read<T>> before = Map.of();
    private Map<FileStamp, Read<T>> now = new HashMap<>();

    /** @param reader throws {@link ModelException} that says what is wrong with a file */
    public StampedReads(Function<Path, T> reader) {
        this.reader = reader;
    }

    /** A look begins. What the last one did not ask for is forgotten. */
    public void begin() {
        before = now;
        now = new HashMap<>();
    }

    /** Throws {@link ModelException} if there is no such file, or what the reader threw. */
    public T of(Path file) {
        FileStamp stamp = FileStamp.of(file);
        Read<T> read = now.computeIfAbsent(stamp, same -> before.containsKey(same) ? before.get(same) : read(file));
        if (read.problem != null) {
            throw read.problem;
        }
        return read.value;
    }

    private Read<T> read(Path file) {
        try {
            return new Read<>(reader.apply(file), null);
        } catch (ModelException e) {
            return new Read<>(null, e);
        }
    }
}
