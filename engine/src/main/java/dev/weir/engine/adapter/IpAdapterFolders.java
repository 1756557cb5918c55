package dev.weir.engine.adapter;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.Place;
import dev.weir.engine.weights.StampedReads;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.WatchedFiles.Found;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * The IP-Adapter files of some folders and of the folders in them, by name: the file's without its ending. Their CLIP image encoders
 * are the folders named {@code image_encoder} there. So a copy of the hub's collection is given as a whole.
 */
public final class IpAdapterFolders {

    public static final IpAdapterFolders NONE = new IpAdapterFolders(List.of());

    private static final String ENCODER = "image_encoder";

    private static final int MOST_FILES = 100;

    /** By the attentions of the model. */
    private final WatchedFiles<ImageLayers, State, IpAdapter> files;

    /** By their configurations. */
    private final StampedReads<VisionFolder> encoders =
            new StampedReads<>(config -> VisionFolder.open(config.getParent()));

    /** What an adapter is made of: its file, and one of the encoders. */
    private record State(Place file, List<Place> encoders) {}

    private IpAdapterFolders(List<Path> folders) {
        // An adapter whose own file is the same stays as it was while another encoder is copied.
        this.files = new WatchedFiles<>(
                new WatchedFiles.Kind("an", "IP-Adapter", MOST_FILES),
                problems -> look(folders, problems),
                (model, layers, name, state) -> IpAdapterFile.open(state.file().path(), name, layers, nearest(state)),
                (before, now) -> before.file().equals(now.file()));
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or files of one name. */
    public static IpAdapterFolders open(List<Path> folders) {
        return new IpAdapterFolders(List.copyOf(folders));
    }

    private List<Found<State>> look(List<Path> folders, Consumer<String> problems) {
        encoders.begin();
        List<Path> files = new ArrayList<>();
        List<Place> found = new ArrayList<>();
        for (var folder : folders) {
            for (var home : withSubfolders(folder)) {
                if (home.endsWith(ENCODER)) {
                    addEncoder(found, home, problems);
                } else {
                    files.addAll(NamedFiles.safetensors(home, problems));
                    if (!home.equals(folder) && Files.isDirectory(home.resolve(ENCODER))) {
                        addEncoder(found, home.resolve(ENCODER), problems);
                    }
                }
            }
        }
        List<Place> all = List.copyOf(found);
        return files.stream()
                .map(file -> new Found<>(NamedFiles.name(file), file, new State(Place.of(file), all)))
                .toList();
    }

    private static List<Path> withSubfolders(Path folder) {
        List<Path> all = new ArrayList<>(List.of(folder));
        all.addAll(NamedFiles.list(folder, Files::isDirectory));
        return all;
    }

    private void addEncoder(List<Place> found, Path folder, Consumer<String> problems) {
        try {
            encoders.of(folder.resolve(ComponentConfig.FILE));
            found.add(Place.of(folder));
        } catch (ModelException e) {
            problems.accept("not an image encoder of IP-Adapters: " + e.getMessage());
        }
    }

    /** The encoders, that beside the file first. */
    private List<VisionFolder> nearest(State state) {
        var own = state.file().path().resolveSibling(ENCODER);
        return state.encoders().stream()
                .map(Place::path)
                .sorted(Comparator.comparing(encoder -> !encoder.equals(own)))
                .map(encoder -> encoders.of(encoder.resolve(ComponentConfig.FILE)))
                .toList();
    }

    /** Those that fit models with these attentions, now and after each {@link #poll}. */
    public FittingFiles<IpAdapter> of(String model, ImageLayers layers) {
        return files.of(model, layers);
    }

    /** As of {@link WatchedFiles#poll}. */
    public boolean poll() {
        return files.poll();
    }
}
