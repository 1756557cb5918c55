package dev.weir.engine.tokenizer;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Byte pairs in the order in which they are merged, one a line after the line of the version. Stateless; any thread. */
final class MergesFile {

    private MergesFile() {}

    static List<String> read(Path file) {
        return read(file, Integer.MAX_VALUE);
    }

    /** @param most lines that are read, blank ones included */
    static List<String> read(Path file, int most) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(1).limit(most).filter(line -> !line.isBlank()).toList();
        } catch (IOException | UncheckedIOException e) {
            throw new ModelException(file + ": cannot be read: " + e, e);
        }
    }
}
