package dev.weir.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that is deleted with all that is in it. */
public record TemporaryFolder(Path path) implements AutoCloseable {

    public static TemporaryFolder create(String name) throws IOException {
        return new TemporaryFolder(Files.createTempDirectory(name));
    }

    @Override
    public void close() throws IOException {
        List<Path> contents;
        try (Stream<Path> files = Files.walk(path)) {
            contents = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : contents) {
            Files.delete(file);
        }
    }
}
