package dev.weir.engine.weights;

import dev.weir.engine.BrokenLink;
import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The places in a folder, by name: a file's without its ending. Folders below it are not looked at. Stateless; any thread. */
public final class NamedFiles {

    private static final String ENDING = ".safetensors";

    private NamedFiles() {}

    /** In the order of the names. Throws {@link ModelException} that names a folder that cannot be read. */
    public static List<Path> list(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /**
     * The safetensors files in a folder.
     *
     * @param problems told of places that are named as one and are none
     */
    public static List<Path> safetensors(Path folder, Consumer<String> problems) {
        return list(folder, file -> isSafetensors(file, problems));
    }

    public static boolean isSafetensors(Path file, Consumer<String> problems) {
        if (!file.toString().endsWith(ENDING) || isSafetensors(file)) {
            return isSafetensors(file);
        }
        problems.accept("%s: left out, because it %s"
                .formatted(
                        file,
                        BrokenLink.problem(file).orElse(Files.isDirectory(file) ? "is a folder" : "is not a file")));
        return false;
    }

    private static boolean isSafetensors(Path file) {
        return file.toString().endsWith(ENDING) && Files.isRegularFile(file);
    }

    public static String name(Path place) {
        var name = place.getFileName().toString();
        return Files.isDirectory(place) || !name.endsWith(ENDING)
                ? name
                : name.substring(0, name.length() - ENDING.length());
    }
}
