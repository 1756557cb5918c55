package dev.weir.engine.inversion;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FileStamp;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.OpenedFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The textual inversions of some folders. A file is opened once for all models of one kind. Any thread. */
public final class EmbeddingFolders {

    public static final EmbeddingFolders NONE = new EmbeddingFolders(Map.of());

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingFolders.class);

    private static final String PICKLE =
            "{}: a pickle may run code, and is not read. Convert it: python -c \"import sys, torch; from safetensors.torch import "
                    + "save_file; d = torch.load(sys.argv[1], weights_only=True); v = d['string_to_param']['*'] if "
                    + "'string_to_param' in d else next(iter(d.values())); save_file({{'emb_params': v.detach().contiguous()}}, "
                    + "sys.argv[2])\" FILE.pt FILE.safetensors";

    private final Map<String, Path> files;
    /** By the widths of the text encoders. */
    private final Map<List<Map.Entry<String, Integer>>, OpenedFiles<List<FileStamp>, Embedding>> kinds =
            new ConcurrentHashMap<>();

    private EmbeddingFolders(Map<String, Path> files) {
        this.files = files;
    }

    /** Throws {@link ModelException} that names a folder that cannot be read, or files that are too many or have one name. */
    public static EmbeddingFolders open(List<Path> folders) {
        NamedFiles.others(folders, ".pt", ".bin")
                .forEach(file -> LOG.warn(PICKLE.replace("{{", "{").replace("}}", "}"), file));
        return new EmbeddingFolders(NamedFiles.safetensors("embedding", folders));
    }

    /**
     * Those that fit a model, by name. Says of the others, once for each kind of model, why they do not.
     *
     * @param widths of the model's text encoders, by their folders; none where it has none that words can be added to
     */
    public Map<String, Embedding> fitting(String model, Map<String, Integer> widths) {
        if (widths.isEmpty()) {
            return Map.of();
        }
        return kinds.computeIfAbsent(List.copyOf(widths.entrySet()), kind -> new OpenedFiles<>())
                .update(
                        NamedFiles.stamps(files),
                        (name, stamps) -> EmbeddingFile.read(files.get(name), name, widths),
                        e -> LOG.warn("not an embedding of the model {}: {}", model, e.getMessage()));
    }
}
