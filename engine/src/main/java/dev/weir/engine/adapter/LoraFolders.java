package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The LoRA files of some folders, by name: the file's without its ending. Folders below them are not looked at. One thread calls
 * {@link #poll} now and then. A file that changes is opened when it was the same in two polls, so a copy in progress is left alone.
 */
public final class LoraFolders {

    public static final LoraFolders NONE = new LoraFolders(List.of(), new TreeMap<>());

    private static final Logger LOG = LoggerFactory.getLogger(LoraFolders.class);
    private static final String ENDING = ".safetensors";

    /** Each node states all names twice a second. */
    static final int MOST_FILES = 1000;

    private final List<Path> folders;
    /** Models of one family share theirs. */
    private final Map<AdaptedParts, ModelLoras> models = new HashMap<>();

    private SortedMap<String, FileState> seen;
    private SortedMap<String, FileState> offered;
    private String problem = "";

    private LoraFolders(List<Path> folders, SortedMap<String, FileState> files) {
        this.folders = List.copyOf(folders);
        this.seen = files;
        this.offered = first(files);
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or two files of one name. */
    public static LoraFolders open(List<Path> folders) {
        SortedMap<String, FileState> files = new TreeMap<>();
        for (var folder : folders) {
            list(folder).forEach((name, file) -> {
                var other = files.put(name, file);
                if (other != null) {
                    throw new ModelException("%s and %s are both the LoRA \"%s\"; rename one"
                            .formatted(other.path(), file.path(), name));
                }
            });
        }
        var opened = new LoraFolders(folders, files);
        opened.sayProblem(opened.tooMany(files));
        return opened;
    }

    private static Map<String, FileState> list(Path folder) {
        Map<String, FileState> files = new TreeMap<>();
        List<Path> paths;
        try (Stream<Path> all = Files.list(folder)) {
            paths = all.filter(file -> file.toString().endsWith(ENDING) && Files.isRegularFile(file))
                    .toList();
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be read: " + SystemReason.of(e), e);
        }
        for (var path : paths) {
            var name = path.getFileName().toString();
            try {
                files.put(name.substring(0, name.length() - ENDING.length()), FileState.of(path));
            } catch (ModelException e) {
                LOG.debug("gone since it was listed: {}", path);
            }
        }
        return files;
    }

    /** Those that fit a model, now and after each {@link #poll}. Says in the log of the others why they do not. */
    public synchronized ModelLoras of(String model, AdaptedParts parts) {
        return models.computeIfAbsent(parts, ownParts -> {
            var own = new ModelLoras(model, ownParts);
            own.update(offered);
            return own;
        });
    }

    /**
     * Looks for new, changed and removed files, and opens those that are new. Takes as long as the disk.
     *
     * @return whether models have other LoRAs than before
     */
    public synchronized boolean poll() {
        SortedMap<String, FileState> now = new TreeMap<>();
        String said = "";
        try {
            for (var folder : folders) {
                for (var file : list(folder).entrySet()) {
                    var other = now.putIfAbsent(file.getKey(), file.getValue());
                    if (other != null) {
                        said = "%s is left out: %s is also the LoRA \"%s\""
                                .formatted(file.getValue().path(), other.path(), file.getKey());
                    }
                }
            }
        } catch (ModelException e) {
            sayProblem(e.getMessage()); // Perhaps for a moment, as with a network's disk: nothing is taken away.
            return false;
        }
        sayProblem(said.isEmpty() ? tooMany(now) : said);
        SortedMap<String, FileState> settled = new TreeMap<>(now);
        settled.entrySet().retainAll(seen.entrySet());
        seen = now;
        settled = first(settled);
        if (settled.equals(offered)) {
            return false;
        }
        offered = settled;
        models.values().forEach(model -> model.update(offered));
        return true;
    }

    private static SortedMap<String, FileState> first(SortedMap<String, FileState> files) {
        return files.size() <= MOST_FILES
                ? files
                : files.headMap(
                        files.keySet().stream().skip(MOST_FILES).findFirst().orElseThrow());
    }

    private String tooMany(Map<String, FileState> files) {
        return files.size() <= MOST_FILES
                ? ""
                : "%s: %d LoRA files in all. Only the first %d by name are offered"
                        .formatted(folders.get(folders.size() - 1), files.size(), MOST_FILES);
    }

    /** Once, and not at each poll. */
    private void sayProblem(String now) {
        if (!now.isEmpty() && !now.equals(problem)) {
            LOG.warn("{}", now);
        }
        problem = now;
    }
}
