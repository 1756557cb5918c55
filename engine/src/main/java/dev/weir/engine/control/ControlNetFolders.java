package dev.weir.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import dev.weir.engine.weights.FileStamp;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.OpenedFiles;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ControlNets and T2I-Adapters in some folders, by name: folders of diffusers by their own, and files by theirs without the ending. Folders below
 * these are not looked at. Each is opened once for all models of one kind. Any thread.
 */
public final class ControlNetFolders {

    public static final ControlNetFolders NONE = new ControlNetFolders(Map.of());

    private static final Logger LOG = LoggerFactory.getLogger(ControlNetFolders.class);
    private static final String ENDING = ".safetensors";

    /** Each node states all names twice a second. */
    private static final int MOST_NETS = 1000;

    private final Map<String, Path> places;
    private final Map<Fit, OpenedFiles<List<FileStamp>, ControlNet>> kinds = new ConcurrentHashMap<>();

    private ControlNetFolders(Map<String, Path> places) {
        this.places = places;
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

    /** Throws {@link ModelException} that names a folder that cannot be read, or nets that are too many or have one name. */
    public static ControlNetFolders open(List<Path> folders) {
        Map<String, Path> places = new TreeMap<>();
        for (Path folder : folders) {
            for (Path place : nets(folder)) {
                String name = name(place);
                Path other = places.put(name, place);
                if (other != null) {
                    throw new ModelException(
                            "%s and %s are both the ControlNet \"%s\"; rename one".formatted(other, place, name));
                }
            }
            if (places.size() > MOST_NETS) {
                throw new ModelException("%s: %d ControlNets in all, and at most %d are allowed"
                        .formatted(folder, places.size(), MOST_NETS));
            }
        }
        return new ControlNetFolders(places);
    }

    private static List<Path> nets(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(place -> Files.isDirectory(place)
                            ? isControlNet(place.resolve(ControlNetFile.CONFIG))
                            : place.toString().endsWith(ENDING))
                    .toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    private static boolean isControlNet(Path config) {
        try {
            return Files.isRegularFile(config)
                    && ControlNetFile.CLASSES.contains(
                            JsonFile.read(config).path("_class_name").asText());
        } catch (ModelException e) {
            LOG.warn("not a ControlNet: {}", e.getMessage());
            return false;
        }
    }

    private static String name(Path place) {
        String name = place.getFileName().toString();
        return Files.isDirectory(place) ? name : name.substring(0, name.length() - ENDING.length());
    }

    /**
     * Those that fit a model, by name. Says of the others, once for each kind of model, why they do not.
     *
     * @param fit what models of its kind demand
     */
    public Map<String, ControlNet> fitting(String model, Fit fit) {
        return kinds.computeIfAbsent(fit, kind -> new OpenedFiles<>())
                .update(
                        NamedFiles.stamps(places),
                        (name, stamps) -> open(name, places.get(name), fit),
                        e -> LOG.warn("not a ControlNet of the model {}: {}", model, e.getMessage()));
    }

    private static ControlNet open(String name, Path place, Fit fit) {
        try {
            ControlNet net = ControlNetFile.read(name, place, fit);
            fit.require(net.config(), net.weights());
            return net;
        } catch (ModelException e) {
            throw e.getMessage().startsWith(place.toString())
                    ? e
                    : new ModelException(place + ": " + e.getMessage(), e);
        }
    }
}
