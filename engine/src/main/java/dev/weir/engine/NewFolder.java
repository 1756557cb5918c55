package dev.weir.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that appears under its name when all of it is written. Confined to one thread. */
final class NewFolder {

    interface Content {
        void write(Path folder) throws IOException;
    }

    private NewFolder() {}

    /** Throws {@link ModelException} that says why it cannot be written; nothing is left of it then. */
    static void write(Path folder, Content content) {
        Path part = folder.resolveSibling(folder.getFileName() + ".part");
        try {
            if (Files.exists(part)) {
                throw new ModelException(
                        part + ": it is left of a conversion that was stopped, or one runs. Remove it");
            }
            Files.createDirectory(part);
            try {
                content.write(part);
                Files.move(part, folder);
            } finally {
                delete(part);
            }
        } catch (IOException e) {
            throw new ModelException("%s: cannot be written: %s".formatted(folder, SystemReason.of(e)), e);
        }
    }

    private static void delete(Path part) throws IOException {
        if (!Files.exists(part)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(part)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
