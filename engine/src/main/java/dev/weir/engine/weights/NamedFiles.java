package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The files of some folders by name: the file's without its ending. Folders below them are not looked at. Stateless; any thread. */
public final class NamedFiles {

    private static final String ENDING = ".safetensors";

    /** Each node states all names twice a second. */
    private static final int MOST_FILES = 1000;

    private NamedFiles() {}

    /**
     * Throws {@link ModelException} that names a folder that cannot be read, or files that are too many or have one name.
     *
     * @param what the files are, for messages
     */
    public static Map<String, Path> safetensors(String what, List<Path> folders) {
        Map<String, Path> files = new TreeMap<>();
        for (var folder : folders) {
            for (var file : list(folder, ENDING)) {
                var name = name(file);
                var other = files.put(name, file);
                if (other != null) {
                    throw new ModelException(
                            "%s and %s are both the %s \"%s\"; rename one".formatted(other, file, what, name));
                }
            }
            if (files.size() > MOST_FILES) {
                throw new ModelException("%s: %d %s files in all, and at most %d are allowed"
                        .formatted(folder, files.size(), what, MOST_FILES));
            }
        }
        return files;
    }

    /** The files with other endings. */
    public static List<Path> others(List<Path> folders, String... endings) {
        List<Path> all = new ArrayList<>();
        folders.forEach(folder -> all.addAll(list(folder, endings)));
        return all;
    }

    /** The state of each file or folder. */
    public static Map<String, List<FileStamp>> stamps(Map<String, Path> places) {
        Map<String, List<FileStamp>> stamps = new TreeMap<>();
        places.forEach((name, place) -> stamps.put(name, FileStamp.all(place)));
        return stamps;
    }

    private static List<Path> list(Path folder, String... endings) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file ->
                            Arrays.stream(endings).anyMatch(file.toString()::endsWith) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    private static String name(Path file) {
        var name = file.getFileName().toString();
        return name.substring(0, name.length() - ENDING.length());
    }
}
