package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import dev.weir.engine.weights.FileStamp;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.OpenedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The IP-Adapter files of some folders and of the folders in them, by name: the file's without its ending. Their CLIP image encoders
 * are the folders named {@code image_encoder} there. So a copy of the hub's collection is given as a whole. A file is opened once for
 * all models of one kind. Any thread.
 */
public final class IpAdapterFolders {

    public static final IpAdapterFolders NONE = new IpAdapterFolders(Map.of(), List.of());

    private static final Logger LOG = LoggerFactory.getLogger(IpAdapterFolders.class);
    private static final String ENDING = ".safetensors";
    private static final String ENCODER = "image_encoder";

    /** Each node states all names twice a second. */
    private static final int MOST_FILES = 100;

    private final Map<String, Path> files;
    private final List<VisionFolder> encoders;
    /** By the attentions of the model. */
    private final Map<ImageLayers, OpenedFiles<State, IpAdapter>> kinds = new ConcurrentHashMap<>();

    /** What an adapter is made of: its file, and one of the encoders. */
    private record State(List<FileStamp> file, List<FileStamp> encoders) {}

    private IpAdapterFolders(Map<String, Path> files, List<VisionFolder> encoders) {
        this.files = files;
        this.encoders = encoders;
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or files that are too many or have one name. */
    public static IpAdapterFolders open(List<Path> folders) {
        Map<String, Path> files = new TreeMap<>();
        List<VisionFolder> encoders = new ArrayList<>();
        for (var folder : folders) {
            for (var home : withSubfolders(folder)) {
                if (home.endsWith(ENCODER)) {
                    encoders.add(VisionFolder.open(home));
                } else {
                    safetensors(home).forEach(file -> put(files, file));
                    if (!home.equals(folder) && Files.isDirectory(home.resolve(ENCODER))) {
                        encoders.add(VisionFolder.open(home.resolve(ENCODER)));
                    }
                }
            }
            if (files.size() > MOST_FILES) {
                throw new ModelException("%s: %d IP-Adapter files in all, and at most %d are allowed"
                        .formatted(folder, files.size(), MOST_FILES));
            }
        }
        return new IpAdapterFolders(files, List.copyOf(encoders));
    }

    private static List<Path> withSubfolders(Path folder) {
        List<Path> all = new ArrayList<>(List.of(folder));
        all.addAll(listed(folder, Files::isDirectory));
        return all;
    }

    private static List<Path> safetensors(Path folder) {
        return listed(folder, file -> file.toString().endsWith(ENDING) && Files.isRegularFile(file));
    }

    private static List<Path> listed(Path folder, java.util.function.Predicate<Path> wanted) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    private static void put(Map<String, Path> files, Path file) {
        var fileName = file.getFileName().toString();
        var name = fileName.substring(0, fileName.length() - ENDING.length());
        var other = files.put(name, file);
        if (other != null) {
            throw new ModelException(
                    "%s and %s are both the IP-Adapter \"%s\"; rename one".formatted(other, file, name));
        }
    }

    /** Those that fit a model, by name. Says of the others, once for each kind of model, why they do not. */
    public Map<String, IpAdapter> fitting(String model, ImageLayers layers) {
        return kinds.computeIfAbsent(layers, kind -> new OpenedFiles<>())
                .update(
                        states(),
                        (name, state) -> IpAdapterFile.open(files.get(name), name, layers, nearest(files.get(name))),
                        e -> LOG.warn("not an IP-Adapter of the model {}: {}", model, e.getMessage()));
    }

    private Map<String, State> states() {
        var ofEncoders = encoders.stream()
                .flatMap(encoder -> FileStamp.all(encoder.folder()).stream())
                .toList();
        Map<String, State> states = new TreeMap<>();
        NamedFiles.stamps(files).forEach((name, own) -> states.put(name, new State(own, ofEncoders)));
        return states;
    }

    /** The encoders, that beside the file first. */
    private List<VisionFolder> nearest(Path file) {
        return encoders.stream()
                .sorted(Comparator.comparing(encoder -> !encoder.folder().equals(file.resolveSibling(ENCODER))))
                .toList();
    }
}
