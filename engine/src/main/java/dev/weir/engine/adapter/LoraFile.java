package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Sampling;
import dev.weir.engine.weights.Some;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads which layers of a model a LoRA file changes: files of diffusers and peft, of kohya's trainer and of LyCORIS. Reads names and
 * shapes, and samples of the numbers for the fingerprint. Stateless; any thread.
 */
public final class LoraFile {

    private static final int HEX_DIGITS = 16;

    /**
     * A file beside a model.
     *
     * @param unknown layers of the file that the model does not have, as the file calls them
     */
    public record Opened(Lora lora, List<String> unknown) {}

    /**
     * @param layers by part and layer
     * @param leftOut layers of the file that the model has, and that change nothing
     */
    private record Changes(Map<String, Map<String, LayerChange>> layers, List<String> unknown, List<String> leftOut) {

        private String warning(String name) {
            String others = Some.of(
                    leftOut,
                    "layer",
                    "left out: they have original names, and the file has diffusers' for them or a part of them");
            String parts = Stream.of(
                            unknown.isEmpty() ? "" : LoraFile.unknown(unknown), leftOut.isEmpty() ? "" : others)
                    .filter(part -> !part.isEmpty())
                    .collect(Collectors.joining("; it has "));
            return parts.isEmpty() ? "" : "the LoRA %s has %s".formatted(name, parts);
        }
    }

    private LoraFile() {}

    /** Throws {@link ModelException} that names the file, and says why it does not fit the model. */
    public static Opened open(Path path, String name, AdaptedParts parts) {
        return open(FileState.of(path), name, parts);
    }

    static Opened open(FileState state, String name, AdaptedParts parts) {
        try {
            var file = SafetensorsFile.open(state.path());
            var config = PeftConfig.read(state.path(), file);
            var changes = changes(file, config, parts);
            var layers = layers(changes, parts);
            return new Opened(
                    new Lora(name, fingerprint(file, config), state, parts, layers, changes.warning(name)),
                    changes.unknown());
        } catch (ModelException e) {
            throw e.in(state.path());
        }
    }

    /** With the names that the model has for its layers, of which many files keep the same objects. */
    private static Map<String, Set<String>> layers(Changes changes, AdaptedParts parts) {
        Map<String, Set<String>> layers = new HashMap<>();
        changes.layers().forEach((part, changed) -> {
            Set<String> own = new HashSet<>(parts.layers(part).keySet());
            own.retainAll(changed.keySet());
            layers.put(part, Set.copyOf(own));
        });
        return layers;
    }

    /** The changes that the file makes, by part and layer. Their numbers are not read. */
    static Map<String, Map<String, LayerChange>> changes(Path path, AdaptedParts parts) {
        var file = SafetensorsFile.open(path);
        return changes(file, PeftConfig.read(path, file), parts).layers();
    }

    private static Changes changes(SafetensorsFile file, PeftConfig config, AdaptedParts parts) {
        Map<String, Map<String, String>> modules = new TreeMap<>();
        List<String> foreign = new ArrayList<>();
        for (var tensor : file.names()) {
            LoraKey.of(tensor)
                    .ifPresentOrElse(
                            key -> modules.computeIfAbsent(key.module(), module -> new TreeMap<>())
                                    .put(key.role(), tensor),
                            () -> foreign.add(tensor));
        }
        if (modules.isEmpty()) {
            throw new ModelException("no LoRA: it has " + Some.of(foreign, "tensor"));
        }
        var names = new LayerNames(parts);
        List<String> unknown = new ArrayList<>(foreign);
        Map<String, List<LayerNames.Layer>> found = new LinkedHashMap<>();
        for (var module : modules.keySet()) {
            var layers = names.find(module);
            if (layers.isEmpty()) {
                unknown.add(module);
            } else {
                found.put(module, layers);
            }
        }
        if (found.isEmpty()) {
            throw new ModelException("made for another kind of model: it has " + unknown(unknown));
        }
        Set<LayerNames.Layer> own = found.values().stream()
                .flatMap(List::stream)
                .filter(layer -> !layer.isOriginal())
                .collect(Collectors.toSet());
        List<String> leftOut = found.keySet().stream()
                .filter(module -> names.isLeftOut(found.get(module), own))
                .toList();
        leftOut.forEach(found::remove);
        Map<String, Map<String, LayerChange>> changes = new LinkedHashMap<>();
        found.forEach((module, layers) -> layers.forEach(layer -> {
            var change = new LayerChange(
                    file, module, parts.shape(layer), layer.rows(), Map.copyOf(modules.get(module)), config.of(layer));
            change.require();
            var other = changes.computeIfAbsent(layer.part(), part -> new TreeMap<>())
                    .putIfAbsent(layer.name(), change);
            if (other != null) {
                throw new ModelException("%s and %s both are the layer %s of the model's %s"
                        .formatted(other.module(), module, layer.name(), layer.part()));
            }
        }));
        return new Changes(changes, List.copyOf(unknown), leftOut);
    }

    private static String unknown(List<String> unknown) {
        return Some.of(unknown, "layer", "that the model does not have");
    }

    private static String fingerprint(SafetensorsFile file, PeftConfig config) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(config.json().toString().getBytes(StandardCharsets.UTF_8));
            Sampling.digest(file, digest);
            return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
