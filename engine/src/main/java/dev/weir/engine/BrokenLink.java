package dev.weir.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Symbolic links that lead to no file or folder. Stateless; any thread. */
public final class BrokenLink {

    private BrokenLink() {}

    /** What is wrong with a path, if it is such a link: completes a sentence that starts with the path. */
    public static Optional<String> problem(Path path) {
        if (Files.exists(path) || !Files.isSymbolicLink(path)) {
            return Optional.empty();
        }
        try {
            path.toRealPath();
            return Optional.empty(); // It came to be just now.
        } catch (NoSuchFileException e) {
            return Optional.of("is a link to a file or folder that does not exist");
        } catch (IOException e) {
            return Optional.of("is a link that leads in a circle");
        }
    }
}
