package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.weights.SafetensorsOutput;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * A whole model of one file, in diffusers' layout: each network under the names of diffusers, with the configurations of its family and what
 * the file and its settings say of them. Numbers keep their types. Immutable; any thread.
 */
record SingleFileConversion(ModelSource source, PipelineIndex index, Map<String, Weights> networks, Path out)
        implements Conversion {

    private static final List<String> VOCABULARY = List.of("vocab.json", "merges.txt");

    SingleFileConversion(SingleFile file, Path out) {
        this(ModelSources.withAutoencoder(file), out);
    }

    SingleFileConversion(ModelSource source, Path out) {
        this(source, PipelineIndex.read(source), out);
    }

    private SingleFileConversion(ModelSource source, PipelineIndex index, Path out) {
        this(source, index, networks(source, index), out);
    }

    /** Held to the configurations, as by {@link ModelFolder#open} and {@link ModelReport}. */
    private static Map<String, Weights> networks(ModelSource source, PipelineIndex index) {
        index.requireSupported();
        source.requireReadable(index);
        index.type().describe(index, source.settings());
        Map<String, Weights> networks = new LinkedHashMap<>();
        parts(source, index)
                .filter(part -> part.use().isNetwork())
                .forEach(part -> networks.put(part.folder(), index.load(part.folder(), SingleFileConversion::checked)));
        return networks;
    }

    private static Weights checked(ComponentConfig config, Weights weights) {
        Networks.check(config.json(), weights);
        return weights;
    }

    /** Those of the class that the model has. */
    private static Stream<Component> parts(ModelSource source, PipelineIndex index) {
        return index.type().components().stream()
                .filter(part -> index.components().containsKey(part.folder()) || source.has(part.folder()));
    }

    @Override
    public String about() {
        return "%s, as the diffusers folder %s".formatted(source.form(), out.getFileName());
    }

    @Override
    public long bytes() {
        return networks.values().stream().mapToLong(WeightFile::bytes).sum();
    }

    @Override
    public void write(LongConsumer progress) {
        NewFolder.write(out, folder -> {
            for (Component part : parts(source, index).toList()) {
                Path home = folder.resolve(part.folder());
                Files.createDirectories(home);
                write(part, home, progress);
            }
            writeSettings(folder);
            ConvertedFolder.json(folder.resolve(PipelineIndex.FILE), named());
        });
    }

    private void write(Component part, Path home, LongConsumer progress) throws IOException {
        if (!part.use().isNetwork()) {
            copy(part.folder(), home);
            return;
        }
        ObjectNode config =
                (ObjectNode) ComponentConfig.read(index.home(part.folder())).json();
        config.setAll(source.changes(part.folder()));
        ConvertedFolder.json(home.resolve(ComponentConfig.FILE), config);
        String file = part.use() == Use.TEXT_ENCODER
                ? ConvertedFolder.WEIGHTS_OF_TRANSFORMERS
                : ConvertedFolder.WEIGHTS_OF_DIFFUSERS;
        SafetensorsOutput.write(home.resolve(file), networks.get(part.folder()), Map.of(), progress);
    }

    /** The configurations of a tokenizer or a scheduler. */
    private void copy(String part, Path home) throws IOException {
        Path from = source.home(part);
        if (!Files.isDirectory(from)) {
            return;
        }
        Files.createDirectories(home);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, home.resolve(file.getFileName().toString()));
            }
        }
        if (part.startsWith("tokenizer")) {
            for (String name : VOCABULARY) {
                Path to = home.resolve(name);
                Path vocabulary = source.vocabulary(from).resolve(name);
                if (!Files.exists(to) && Files.exists(vocabulary)) {
                    Files.copy(vocabulary, to);
                }
            }
        }
        Path scheduler = home.resolve("scheduler_config.json");
        if (Files.exists(scheduler)) {
            ObjectNode config = (ObjectNode) JsonFile.read(scheduler);
            config.setAll(source.changes(part));
            ConvertedFolder.json(scheduler, config);
        }
    }

    /** With the class of the scheduler that the file says. */
    private JsonNode named() {
        ObjectNode json = index.json().deepCopy();
        String scheduler = index.classOf("scheduler");
        if (!scheduler.isEmpty()) {
            json.putArray("scheduler").add("diffusers").add(scheduler);
        }
        return json;
    }

    private void writeSettings(Path folder) throws IOException {
        ObjectNode settings = source.settings().ofFolder();
        if (source.settings().draft().isPresent()) {
            Path home = out.toAbsolutePath().getParent().toRealPath().resolve(out.getFileName());
            Path draft = source.settings().draft().get().toRealPath();
            settings.put("draft", home.relativize(draft).toString());
        }
        if (!settings.isEmpty()) {
            ConvertedFolder.json(ModelSettings.file(folder), settings);
        }
    }
}
