package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.weights.FileStamp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of a model as they were at some time: those of its folder, or one file and its settings. Immutable. */
record FolderStamp(Path path, List<FileStamp> files) {

    /** In a hub's cache, models--org--name/snapshots/HASH/upsampler/unet has files. */
    private static final int DEPTH = 5;

    private static final int MOST_FILES = 1000;

    /** What cannot be read is not in it. Whoever opens it says why. */
    static FolderStamp of(Path path) {
        try {
            return new FolderStamp(
                    path,
                    Files.isDirectory(path)
                            ? files(path)
                            : Stream.of(path, ModelSettings.file(path))
                                    .filter(Files::exists)
                                    .map(FileStamp::of)
                                    .toList());
        } catch (IOException | UncheckedIOException | ModelException e) {
            return new FolderStamp(path, List.of());
        }
    }

    private static List<FileStamp> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            return all.filter(Files::isRegularFile)
                    .limit(MOST_FILES)
                    .sorted()
                    .map(FileStamp::of)
                    .toList();
        }
    }

    void requireUnchanged() {
        if (!of(path).equals(this)) {
            throw new ModelException(path + ": it has just changed. Weir reads it again soon");
        }
    }
}
