package dev.weir.engine.weights;

import java.nio.file.Path;
import java.util.List;

/** A file, or a folder with its files, as it was at some time. Immutable. */
public record Place(Path path, List<FileStamp> files) {

    public static Place of(Path path) {
        return new Place(path, FileStamp.all(path));
    }
}
