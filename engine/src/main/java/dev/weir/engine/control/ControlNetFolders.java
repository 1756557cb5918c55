package dev.weir.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.Place;
import dev.weir.engine.weights.StampedReads;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.WatchedFiles.Found;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The ControlNets and T2I-Adapters in some folders, by name: folders of diffusers by their own, and files by theirs without the ending. Folders below
 * these are not looked at.
 */
public final class ControlNetFolders {

    public static final ControlNetFolders NONE = new ControlNetFolders(List.of());

    private final WatchedFiles<Fit, Place, ControlNet> nets;
    /** Whether a configuration is a ControlNet's. */
    private final StampedReads<Boolean> configs = new StampedReads<>(ControlNetFolders::isControlNets);

    private ControlNetFolders(List<Path> folders) {
        this.nets = new WatchedFiles<>(
                new WatchedFiles.Kind("a", "ControlNet"),
                problems -> look(folders, problems),
                (model, fit, name, place) -> open(name, place.path(), fit),
                (before, now) -> false);
    }

    /** What models of one kind demand of their ControlNets. Those that demand the same are equal. */
    public interface Fit {

        /** The configuration of the network that they steer. */
        JsonNode unet();

        /** By how much the sides of the model's latents are smaller than the picture's. */
        int scale();

        /** Throws {@link ModelException} that says why a ControlNet does not fit. */
        void require(JsonNode config, Weights weights);
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or nets of one name. */
    public static ControlNetFolders open(List<Path> folders) {
        return new ControlNetFolders(List.copyOf(folders));
    }

    private List<Found<Place>> look(List<Path> folders, Consumer<String> problems) {
        List<Found<Place>> found = new ArrayList<>();
        configs.begin();
        for (Path folder : folders) {
            NamedFiles.list(folder, place -> isControlNet(place, problems))
                    .forEach(place -> found.add(new Found<>(NamedFiles.name(place), place, Place.of(place))));
        }
        return found;
    }

    private boolean isControlNet(Path place, Consumer<String> problems) {
        if (!Files.isDirectory(place)) {
            return NamedFiles.isSafetensors(place, problems);
        }
        Path config = place.resolve(ControlNetFile.CONFIG);
        try {
            return Files.isRegularFile(config) && configs.of(config);
        } catch (ModelException e) {
            problems.accept("not a ControlNet: " + e.getMessage());
            return false;
        }
    }

    private static boolean isControlNets(Path config) {
        return ControlNetFile.CLASSES.contains(
                JsonFile.read(config).path("_class_name").asText());
    }

    /**
     * Those that fit models of one kind, now and after each {@link #poll}.
     *
     * @param fit what they demand
     */
    public FittingFiles<ControlNet> of(String model, Fit fit) {
        return nets.of(model, fit);
    }

    /** As of {@link WatchedFiles#poll}. */
    public boolean poll() {
        return nets.poll();
    }

    private static ControlNet open(String name, Path place, Fit fit) {
        ControlNet net = ControlNetFile.read(name, place, fit);
        fit.require(net.config(), net.weights());
        return net;
    }
}
