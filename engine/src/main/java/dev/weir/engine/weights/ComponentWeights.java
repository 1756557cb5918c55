package dev.weir.engine.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The weights of one component's folder, in one safetensors file or in the shards that an index names. Immutable; any
 * thread.
 *
 * <p>Safetensors only: pickled checkpoints are told apart from an empty folder, and never opened.
 */
public final class ComponentWeights implements Weights {

    /** What diffusers and transformers call a component's weights, after which the variant is said. */
    private static final List<String> STEMS = List.of("diffusion_pytorch_model", "model");

    /** Full precision first, as they do; then the one that keeps more digits. */
    private static final List<String> FILE_NAMES = Stream.of("", ".fp16", ".bf16")
            .flatMap(variant -> STEMS.stream().flatMap(stem -> fileNames(stem, variant)))
            .toList();

    private static final String SHARD = "[A-Za-z0-9._-]+\\.safetensors";

    private static final List<String> PICKLED = List.of(".bin", ".ckpt", ".pt", ".pth", ".pkl");

    private final Path folder;
    /** By the names of their tensors. */
    private final Map<String, Weights> files;

    private final Set<Weights> distinct;

    private ComponentWeights(Path folder, Map<String, Weights> files) {
        this.folder = folder;
        this.files = files;
        this.distinct = Set.copyOf(files.values());
    }

    /** Throws {@link ModelException} that names the file, and the tensor where there is one to blame. */
    public static ComponentWeights open(Path folder) {
        Path file = find(folder).orElseThrow(() -> nothingToRead(folder));
        Map<String, Weights> files = new LinkedHashMap<>();
        if (file.toString().endsWith(".json")) {
            openShards(folder, file, files);
        } else {
            SafetensorsFile single = SafetensorsFile.open(file);
            single.names().forEach(name -> files.put(name, single));
        }
        return new ComponentWeights(folder, files);
    }

    /** One file, or the index of several, whose name has said the variant at two places. */
    private static Stream<String> fileNames(String stem, String variant) {
        return Stream.of(
                        stem + variant + ".safetensors",
                        stem + ".safetensors.index" + variant + ".json",
                        stem + variant + ".safetensors.index.json")
                .distinct();
    }

    /**
     * The file that is read of a component's folder: its weights, or the index of its shards. An index without any of its shards, as a
     * partial download has it, is passed over if there is another file.
     */
    public static Optional<Path> find(Path folder) {
        List<Path> there = FILE_NAMES.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .toList();
        return there.stream()
                .filter(file -> there.size() == 1 || hasWeights(file))
                .findFirst()
                .or(() -> there.stream().findFirst());
    }

    /** Whether it is read for its weights, or for what is wrong with it. */
    private static boolean hasWeights(Path file) {
        if (!file.toString().endsWith(".json")) {
            return true;
        }
        try {
            JsonNode weightMap = JsonFile.read(file).path("weight_map");
            return weightMap.isEmpty()
                    || StreamSupport.stream(weightMap.spliterator(), false)
                            .map(JsonNode::asText)
                            .distinct()
                            .anyMatch(name -> !name.matches(SHARD) || Files.exists(file.resolveSibling(name)));
        } catch (ModelException e) {
            return true;
        }
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(files.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return holder(name).info(name);
    }

    @Override
    public ByteBuffer bytes(String name) {
        return holder(name).bytes(name);
    }

    @Override
    public void requireUnchanged() {
        distinct.forEach(Weights::requireUnchanged);
    }

    @Override
    public void requireNotTruncated() {
        distinct.forEach(Weights::requireNotTruncated);
    }

    private Weights holder(String name) {
        Weights holder = files.get(name);
        if (holder == null) {
            throw new ModelException("%s: no tensor '%s'".formatted(folder, name));
        }
        return holder;
    }

    private static void openShards(Path folder, Path index, Map<String, Weights> files) {
        JsonNode weightMap = JsonFile.read(index).path("weight_map");
        if (!weightMap.isObject()) {
            throw new ModelException(index + ": weight_map is not an object");
        }
        Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
            String tensor = entry.getKey();
            String fileName = requireFileName(index, tensor, entry.getValue());
            SafetensorsFile shard =
                    shards.computeIfAbsent(fileName, name -> SafetensorsFile.open(folder.resolve(name)));
            if (!shard.names().contains(tensor)) {
                throw new ModelException("%s: tensor '%s' is not in %s".formatted(index, tensor, fileName));
            }
            files.put(tensor, shard);
        }
        shards.forEach((fileName, shard) -> requireListed(index, fileName, shard, files));
    }

    /** Shards lie beside their index: a path that leads anywhere else is refused, whatever is there. */
    private static String requireFileName(Path index, String tensor, JsonNode value) {
        String name = value.asText();
        if (!value.isTextual() || !name.matches(SHARD)) {
            throw new ModelException("%s: tensor '%s' is said to be in %s, which is not the name of a safetensors file"
                    .formatted(index, tensor, value));
        }
        return name;
    }

    private static void requireListed(Path index, String fileName, SafetensorsFile shard, Map<String, Weights> files) {
        for (String tensor : shard.names()) {
            if (files.get(tensor) != shard) {
                throw new ModelException(
                        "%s: tensor '%s' of %s is not listed as being there".formatted(index, tensor, fileName));
            }
        }
    }

    private static ModelException nothingToRead(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            List<String> pickled = entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> PICKLED.stream().anyMatch(name::endsWith))
                    .sorted()
                    .toList();
            return new ModelException(
                    pickled.isEmpty()
                            ? "%s: no weights, looked for %s, also with .fp16 or .bf16 before the ending, and for the indexes of shards"
                                    .formatted(
                                            folder,
                                            STEMS.stream()
                                                    .map(stem -> stem + ".safetensors")
                                                    .collect(Collectors.joining(" and ")))
                            : "%s: %s: Weir serves safetensors only. Convert them: weir models convert FOLDER NEW_FOLDER"
                                    .formatted(folder, String.join(", ", pickled)));
        } catch (IOException e) {
            return new ModelException(folder + ": no such folder", e);
        }
    }
}
