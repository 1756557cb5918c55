package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A file as it was at some time. Immutable.
 *
 * @param key tells it from another file in its place, where the system has such a key
 */
public record FileStamp(Path path, long bytes, FileTime modified, Optional<Object> key) {

    /** Throws {@link ModelException} if there is no such file. */
    public static FileStamp of(Path path) {
        try {
            var attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new FileStamp(
                    path, attributes.size(), attributes.lastModifiedTime(), Optional.ofNullable(attributes.fileKey()));
        } catch (IOException e) {
            throw new ModelException(path + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /** Of a file, or of the files in a folder. What cannot be read is not in it. */
    public static List<FileStamp> all(Path place) {
        try (Stream<Path> files = Files.isDirectory(place) ? Files.list(place) : Stream.of(place)) {
            return files.filter(Files::isRegularFile)
                    .sorted()
                    .map(FileStamp::of)
                    .toList();
        } catch (IOException | UncheckedIOException | ModelException e) {
            return List.of();
        }
    }

    /** Throws {@link ModelException} if the file has changed since. */
    public void requireUnchanged() {
        if (!of(path).equals(this)) {
            throw changed(null);
        }
    }

    /**
     * Throws {@link ModelException} if this same file is now shorter. To read a page of its mapping that it has lost would end the
     * process. Another file in its place is not this one: what is mapped of this one stays. Takes a few microseconds.
     */
    public void requireNotTruncated() {
        FileStamp now;
        try {
            now = of(path);
        } catch (ModelException removed) {
            return; // What is mapped stays.
        }
        if (key.isPresent() && now.key.equals(key) && now.bytes < bytes) {
            throw new ModelException(
                    "%s: the file was truncated while the model was in memory, from %d to %d bytes. Write the whole file under another name, and rename it"
                            .formatted(path, bytes, now.bytes));
        }
    }

    /** What is said of a file that has changed. */
    public ModelException changed(Throwable cause) {
        return new ModelException(
                path
                        + ": the file changed after it was opened. Weir reads a file of a folder that it watches again after a moment, and others when it is started again",
                cause);
    }
}
