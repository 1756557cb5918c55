package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a path is that holds no model which Weir can open. Reads configurations and headers; stateless; any thread. */
final class FolderKind {

    /** Files that say what a folder is, the most telling first. */
    private static final List<String> TELLING =
            List.of("safetensors", "gguf", "onnx", "xml", "msgpack", "ckpt", "pt", "pth", "bin");

    private static final int MOST_NAMED = 5;
    private static final Pattern SHARD = Pattern.compile(".+-\\d{5}-of-\\d{5}\\.safetensors");

    private FolderKind() {}

    /** Throws {@link ModelException} that says what the path is, unless it is a folder with a model_index.json. */
    static void requirePipeline(Path path) {
        if (!Files.exists(path)) {
            throw new ModelException(
                    "%s: no such file or folder. A model is a folder with a model_index.json and ".formatted(path)
                            + "safetensors weights");
        }
        if (!Files.isDirectory(path)) {
            throw FileKind.of(path).at(path);
        }
        Path index = path.resolve(PipelineIndex.FILE);
        if (FileKind.isPointer(index)) {
            throw Refusal.pointer(PipelineIndex.FILE).at(path);
        }
        if (!Files.isRegularFile(index)) {
            throw withoutIndex(path).at(path, PipelineIndex.FILE + ": no such file");
        }
    }

    /**
     * Throws {@link ModelException} where the weights of a part are there, but not in a form that Weir reads. A part
     * without any is no business of this class: a node may hold the parts of its own stages alone.
     */
    static void requireReadableWeights(PipelineIndex index) {
        index.type().components().stream()
                .filter(component -> component.use().hasWeights())
                .map(component -> index.home(component.folder()))
                .filter(Files::isDirectory)
                .forEach(home -> weights(home).ifPresent(refusal -> {
                    throw refusal.at(index.path(), index.path().relativize(home) + "");
                }));
    }

    /** Files beside weights that can be read do not matter, whatever they are. */
    private static Optional<Refusal> weights(Path home) {
        try {
            ComponentWeights.open(home);
            return Optional.empty();
        } catch (ModelException e) {
            return unread(home, list(home), e);
        }
    }

    private static Optional<Refusal> unread(Path home, List<Path> files, ModelException problem) {
        Optional<Path> pointer = files.stream().filter(FileKind::isPointer).findFirst();
        if (pointer.isPresent()) {
            return Optional.of(Refusal.pointer(fileName(pointer.get())));
        }
        if (ComponentWeights.find(home).isPresent()) {
            return Optional.of(Refusal.unread(problem, problem.getMessage().replace(home + "/", "")));
        }
        Optional<Path> unfinished = files.stream()
                .filter(file -> FileKind.isUnfinished(fileName(file)) || !Files.exists(file))
                .findFirst();
        if (unfinished.isPresent()) {
            return unfinished.map(file ->
                    Refusal.incomplete(Files.exists(file) ? fileName(file) : fileName(file) + " links to nothing"));
        }
        Optional<Path> shard = files.stream()
                .filter(file -> SHARD.matcher(fileName(file)).matches())
                .findFirst();
        if (shard.isPresent()) {
            return shard.map(
                    file -> Refusal.incomplete(fileName(file) + " is one of several files, without their index"));
        }
        return telling(files)
                .map(file -> ending(file).equals("safetensors")
                        ? new Refusal(
                                "weights under a name that is not read (%s)".formatted(fileName(file)),
                                "Rename the file to diffusion_pytorch_model.safetensors, or model.safetensors for a text encoder")
                        : FileKind.of(file));
    }

    private static Refusal withoutIndex(Path folder) {
        List<Path> entries = list(folder);
        List<String> models = entries.stream()
                .filter(entry -> Files.isRegularFile(entry.resolve(PipelineIndex.FILE))
                        || Files.isDirectory(entry.resolve("snapshots")))
                .map(FolderKind::fileName)
                .toList();
        if (!models.isEmpty()) {
            String names = models.stream().limit(MOST_NAMED).collect(Collectors.joining(", "));
            return new Refusal(
                    "a folder of models (%s%s)".formatted(names, models.size() > MOST_NAMED ? ", …" : ""),
                    "Give one of them");
        }
        if (Files.exists(folder.resolve("adapter_config.json"))) {
            return AddOnKind.LORA.refusal();
        }
        Optional<Refusal> component = component(folder.resolve("config.json"));
        if (component.isPresent()) {
            return component.get();
        }
        if (Files.isDirectory(folder.resolve("unet"))) {
            return Refusal.incomplete("it has a unet and no " + PipelineIndex.FILE);
        }
        return telling(entries).map(FileKind::of).orElseGet(() -> nothing(entries));
    }

    private static Refusal nothing(List<Path> entries) {
        return entries.stream()
                .map(FolderKind::fileName)
                .filter(FileKind::isUnfinished)
                .findFirst()
                .map(Refusal::incomplete)
                .orElseGet(() -> new Refusal(
                        "a folder with no model", "Give a folder with a model_index.json and safetensors weights"));
    }

    /** A folder with a config.json is one part of a model, or a model of another kind. */
    private static Optional<Refusal> component(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonNode config;
        try {
            config = JsonFile.read(file);
        } catch (ModelException e) {
            return Optional.empty();
        }
        String name = config.path("_class_name").asText("");
        if (name.isEmpty()) {
            String architecture = config.path("architectures").path(0).asText("");
            return architecture.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Refusal.notRun("a transformers model (%s)".formatted(architecture)));
        }
        return Optional.of(AddOnKind.ofClass(name)
                .map(AddOnKind::refusal)
                .orElseGet(() -> new Refusal(
                        "one part of a model (%s)".formatted(name), "Give the folder of the whole pipeline")));
    }

    private static Optional<Path> telling(List<Path> files) {
        return files.stream()
                .filter(file -> Files.isRegularFile(file) && TELLING.contains(ending(file)))
                .min(Comparator.comparingInt(file -> TELLING.indexOf(ending(file))));
    }

    private static String ending(Path file) {
        String name = fileName(file).toLowerCase(Locale.ROOT);
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String fileName(Path path) {
        return path.getFileName().toString();
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }
}
