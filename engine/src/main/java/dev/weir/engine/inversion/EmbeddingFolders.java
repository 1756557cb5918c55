package dev.weir.engine.inversion;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.Place;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.WatchedFiles.Found;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The textual inversions of some folders, by name: the file's without its ending. Folders below them are not looked at. */
public final class EmbeddingFolders {

    public static final EmbeddingFolders NONE = new EmbeddingFolders(List.of());

    private static final String PICKLE =
            "%s: left out, because it is pickled. Convert it: weir models convert %s NAME.safetensors";

    /** By the widths of the text encoders, by their folders and in their order. */
    private final WatchedFiles<List<Map.Entry<String, Integer>>, Place, Embedding> files;

    private EmbeddingFolders(List<Path> folders) {
        this.files = new WatchedFiles<>(
                new WatchedFiles.Kind("an", "embedding"),
                problems -> look(folders, problems),
                (model, widths, name, place) -> EmbeddingFile.read(place.path(), name, byFolder(widths)),
                (before, now) -> false);
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or files of one name. */
    public static EmbeddingFolders open(List<Path> folders) {
        return new EmbeddingFolders(List.copyOf(folders));
    }

    private static List<Found<Place>> look(List<Path> folders, Consumer<String> problems) {
        List<Found<Place>> found = new ArrayList<>();
        for (Path folder : folders) {
            NamedFiles.list(folder, EmbeddingFolders::isPickle)
                    .forEach(file -> problems.accept(PICKLE.formatted(file, file.getFileName())));
            NamedFiles.safetensors(folder, problems)
                    .forEach(file -> found.add(new Found<>(NamedFiles.name(file), file, Place.of(file))));
        }
        return found;
    }

    private static boolean isPickle(Path file) {
        return file.toString().endsWith(".pt") || file.toString().endsWith(".bin");
    }

    private static Map<String, Integer> byFolder(List<Map.Entry<String, Integer>> widths) {
        Map<String, Integer> map = new LinkedHashMap<>();
        widths.forEach(width -> map.put(width.getKey(), width.getValue()));
        return map;
    }

    /**
     * Those that fit a model, now and after each {@link #poll}.
     *
     * @param widths of the model's text encoders, by their folders; none where it has none that words can be added to
     */
    public FittingFiles<Embedding> of(String model, Map<String, Integer> widths) {
        return widths.isEmpty() ? FittingFiles.none() : files.of(model, List.copyOf(widths.entrySet()));
    }

    /** As of {@link WatchedFiles#poll}. */
    public boolean poll() {
        return files.poll();
    }
}
