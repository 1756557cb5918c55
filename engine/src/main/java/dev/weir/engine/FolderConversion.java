package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.SafetensorsOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of diffusers or transformers, whose pickled weights become safetensors under the names that these libraries look for. Files that no
 * part of a model is read from, such as exports, are left out. Immutable; any thread.
 */
record FolderConversion(Path in, Path out, List<Path> pickled, List<Path> copied) implements Conversion {

    /** {@code pytorch_model.fp16.bin}, {@code diffusion_pytorch_model-00001-of-00002.bin}, and the indexes of shards. */
    private static final Pattern WEIGHTS = Pattern.compile(
            "(?:(diffusion_pytorch_model)|pytorch_model)((?:[.-][A-Za-z0-9_-]+)*)\\.bin(\\.index(?:\\.\\w+)?\\.json)?");

    private static final Pattern COPIED = Pattern.compile(".*\\.(json|txt|model|safetensors|md)|LICENSE.*");
    private static final String INDEX = ".json";
    private static final int MOST_LEVELS = 4;
    private static final int MOST_FILES = 10_000;

    static FolderConversion of(Path in, Path out) {
        List<Path> pickled = new ArrayList<>();
        List<Path> copied = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(in, MOST_LEVELS)) {
            List<Path> files =
                    walk.filter(Files::isRegularFile).sorted().limit(MOST_FILES).toList();
            for (Path file : files) {
                boolean isWeights = isWeights(file);
                boolean isThere = isWeights && Files.exists(file.resolveSibling(renamed(name(file))));
                if (isWeights && !isThere && !name(file).endsWith(INDEX)) {
                    pickled.add(file);
                } else if (!isThere && COPIED.matcher(name(file)).matches()) {
                    copied.add(file);
                }
            }
        } catch (IOException e) {
            throw new ModelException(in + ": cannot be read: " + SystemReason.of(e), e);
        }
        if (pickled.isEmpty()) {
            throw new ModelException(
                    "%s: it has no pickled weights (diffusion_pytorch_model.bin or pytorch_model.bin) to convert"
                            .formatted(in));
        }
        pickled.forEach(WeightFile::open);
        return new FolderConversion(in, out, List.copyOf(pickled), List.copyOf(copied));
    }

    private static boolean isWeights(Path file) {
        return WEIGHTS.matcher(name(file)).matches();
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    /** What diffusers or transformers calls the same weights in safetensors. */
    private static String renamed(String name) {
        Matcher weights = WEIGHTS.matcher(name);
        if (!weights.matches()) {
            return name;
        }
        String model = weights.group(1) == null ? "model" : weights.group(1);
        String index = weights.group(3) == null ? "" : weights.group(3);
        return model + weights.group(2) + WeightFile.SAFETENSORS + index;
    }

    @Override
    public String about() {
        return "the folder %s with %d files of pickled weights, as %s"
                .formatted(in.getFileName(), pickled.size(), out.getFileName());
    }

    @Override
    public long bytes() {
        return pickled.stream().mapToLong(file -> WeightFile.open(file).bytes()).sum();
    }

    @Override
    public void write(LongConsumer progress) {
        NewFolder.write(out, folder -> {
            for (Path file : copied) {
                copy(file, place(folder, file));
            }
            for (Path file : pickled) {
                WeightFile weights = WeightFile.open(file);
                SafetensorsOutput.write(place(folder, file), weights.tensors(), weights.notes(), progress);
            }
        });
    }

    private Path place(Path folder, Path file) throws IOException {
        Path place = folder.resolve(in.relativize(file).toString()).resolveSibling(renamed(name(file)));
        Files.createDirectories(place.getParent());
        return place;
    }

    private static void copy(Path file, Path to) throws IOException {
        if (!isWeights(file)) {
            Files.copy(file, to);
            return;
        }
        ObjectNode index = (ObjectNode) JsonFile.read(file);
        if (index.path("weight_map") instanceof ObjectNode shards) {
            shards.properties()
                    .forEach(shard -> shard.setValue(
                            shards.textNode(renamed(shard.getValue().asText()))));
        }
        Files.writeString(to, index.toPrettyString() + "\n");
    }
}
