package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The LoRA files of some folders, by name: the file's without its ending. Folders below them are not looked at. Immutable; any
 * thread.
 */
public final class LoraFolders {

    public static final LoraFolders NONE = new LoraFolders(Map.of());

    private static final Logger LOG = LoggerFactory.getLogger(LoraFolders.class);
    private static final String ENDING = ".safetensors";

    /** Each node states all names twice a second. */
    private static final int MOST_FILES = 1000;

    private final Map<String, Path> files;

    private LoraFolders(Map<String, Path> files) {
        this.files = files;
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or files that are too many or have one name. */
    public static LoraFolders open(List<Path> folders) {
        Map<String, Path> files = new TreeMap<>();
        for (var folder : folders) {
            for (var file : safetensors(folder)) {
                var name = name(file);
                var other = files.put(name, file);
                if (other != null) {
                    throw new ModelException(
                            "%s and %s are both the LoRA \"%s\"; rename one".formatted(other, file, name));
                }
            }
            if (files.size() > MOST_FILES) {
                throw new ModelException("%s: %d LoRA files in all, and at most %d are allowed"
                        .formatted(folder, files.size(), MOST_FILES));
            }
        }
        return new LoraFolders(files);
    }

    private static List<Path> safetensors(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.toString().endsWith(ENDING) && Files.isRegularFile(file))
                    .toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    private static String name(Path file) {
        var name = file.getFileName().toString();
        return name.substring(0, name.length() - ENDING.length());
    }

    /** Those that fit a model, by name. Says of the others why they do not. */
    public Map<String, Lora> fitting(String model, AdaptedParts parts) {
        Map<String, Lora> loras = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        files.forEach((name, file) -> {
            try {
                var opened = LoraFile.open(file, name, parts);
                loras.put(name, opened.lora());
                if (!opened.unknown().isEmpty()) {
                    LOG.warn("{} for the model {}: {}", file, model, opened.warning());
                }
            } catch (ModelException e) {
                problems.add(e.getMessage());
            }
        });
        problems.forEach(problem -> LOG.warn("not a LoRA of the model {}: {}", model, problem));
        return Map.copyOf(loras);
    }
}
