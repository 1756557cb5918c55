package dev.weir.engine;

import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.Place;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.WatchedFiles.Found;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** The upscalers in some folders, by name: the file's without its ending. They are the same for all models. Folders below these are not looked at. */
public final class UpscalerFolders {

    public static final UpscalerFolders NONE = new UpscalerFolders(List.of());

    /** They enlarge the pictures of all models. */
    private static final String ALL = "pictures";

    private final WatchedFiles<String, Place, UpscalerFile> files;

    private UpscalerFolders(List<Path> folders) {
        this.files = new WatchedFiles<>(
                new WatchedFiles.Kind("an", "upscaler"),
                problems -> look(folders, problems),
                (model, family, name, place) -> UpscalerFile.open(place.path()),
                (before, now) -> false);
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or two files of one name. */
    public static UpscalerFolders open(List<Path> folders) {
        return new UpscalerFolders(List.copyOf(folders));
    }

    private static List<Found<Place>> look(List<Path> folders, Consumer<String> problems) {
        return folders.stream()
                .flatMap(folder -> NamedFiles.safetensors(folder, problems).stream())
                .map(path -> new Found<>(NamedFiles.name(path), path, Place.of(path)))
                .toList();
    }

    /** Those that there are, now and after each {@link #poll}. */
    public FittingFiles<UpscalerFile> of(String model) {
        return files.of(model, ALL);
    }

    /** As of {@link WatchedFiles#poll}. */
    public boolean poll() {
        return files.poll();
    }
}
