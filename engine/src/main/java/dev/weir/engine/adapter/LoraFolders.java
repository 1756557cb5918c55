package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.WatchedFiles;
import dev.weir.engine.weights.WatchedFiles.Found;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The LoRA files of some folders, by name: the file's without its ending. Folders below them are not looked at. */
public final class LoraFolders {

    public static final LoraFolders NONE = new LoraFolders(List.of());

    private static final Logger LOG = LoggerFactory.getLogger(LoraFolders.class);

    private final WatchedFiles<AdaptedParts, FileState, Lora> files;

    private LoraFolders(List<Path> folders) {
        this.files = new WatchedFiles<>(
                new WatchedFiles.Kind("a", "LoRA"),
                problems -> look(folders, problems),
                new Opener(),
                (before, now) -> false);
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or two files of one name. */
    public static LoraFolders open(List<Path> folders) {
        return new LoraFolders(List.copyOf(folders));
    }

    private static List<Found<FileState>> look(List<Path> folders, Consumer<String> problems) {
        List<Found<FileState>> found = new ArrayList<>();
        for (var folder : folders) {
            for (var path : NamedFiles.safetensors(folder, problems)) {
                try {
                    found.add(new Found<>(NamedFiles.name(path), path, FileState.of(path)));
                } catch (ModelException e) {
                    LOG.debug("gone since it was listed: {}", path);
                }
            }
        }
        return found;
    }

    private static final class Opener implements WatchedFiles.Opener<AdaptedParts, FileState, Lora> {

        @Override
        public Lora open(String model, AdaptedParts parts, String name, FileState file) {
            return LoraFile.open(file, name, parts).lora();
        }

        @Override
        public String remark(Lora lora) {
            return lora.warning();
        }
    }

    /** Those that fit models with these parts, now and after each {@link #poll}. */
    public FittingFiles<Lora> of(String model, AdaptedParts parts) {
        return files.of(model, parts);
    }

    /** As of {@link WatchedFiles#poll}. */
    public boolean poll() {
        return files.poll();
    }
}
