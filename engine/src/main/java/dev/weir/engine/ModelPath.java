package dev.weir.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a model lies and what it is called there: in a folder or file of its own, or in a hub's cache, where
 * {@code models--org--name/snapshots/HASH} is the model {@code org/name}. Stateless; any thread.
 */
final class ModelPath {

    private static final Pattern REPOSITORY = Pattern.compile("models--(.+)");
    private static final String SNAPSHOTS = "snapshots";
    private static final String NAMELESS = "model"; // the root of a file system

    private ModelPath() {}

    /** Absolute and without {@code .}; of a repository in a hub's cache the snapshot that its main branch names. */
    static Path resolve(Path path) {
        Path folder = path.toAbsolutePath().normalize();
        Path snapshots = folder.resolve(SNAPSHOTS);
        if (!REPOSITORY.matcher(fileName(folder)).matches() || !Files.isDirectory(snapshots)) {
            return folder;
        }
        try (Stream<Path> all = Files.list(snapshots)) {
            Path main = folder.resolve("refs/main");
            if (Files.isRegularFile(main)) {
                return snapshots.resolve(Files.readString(main).strip());
            }
            List<Path> found = all.toList();
            return found.size() == 1 ? found.get(0) : folder;
        } catch (IOException e) {
            throw new ModelException(snapshots + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /**
     * The repository's name in a hub's cache, else the folder's name as it was written: a link's own name, and not that
     * of what it links to. Without control characters, as it goes to logs and metrics.
     */
    static String name(Path folder) {
        Path parent = folder.getParent();
        if (parent != null && parent.getParent() != null && fileName(parent).equals(SNAPSHOTS)) {
            Matcher repository = REPOSITORY.matcher(fileName(parent.getParent()));
            if (repository.matches()) {
                return repository.group(1).replace("--", "/");
            }
        }
        String name = fileName(folder)
                .replaceFirst("\\.safetensors$", "")
                .replaceAll("\\p{Cntrl}+", "-")
                .strip();
        return name.isEmpty() ? NAMELESS : name;
    }

    private static String fileName(Path path) {
        return path.getFileName() == null ? "" : path.getFileName().toString();
    }
}
