package dev.weir.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the models in a folder of several models. Stateless; any thread. */
public final class ModelFolders {

    private ModelFolders() {}

    /** Every subfolder with a {@code model_index.json} and every file with a whole model, whether Weir runs it or not, by name. */
    public static List<Path> list(Path models) {
        if (!Files.isDirectory(models)) {
            throw new ModelException(models + (Files.exists(models) ? ": not a folder" : ": no such folder"));
        }
        try (Stream<Path> folders = Files.list(models)) {
            return folders.filter(path -> Files.isRegularFile(path.resolve(PipelineIndex.FILE))
                            || SingleFile.family(path).isPresent())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ModelException(models + " cannot be listed: " + SystemReason.of(e), e);
        }
    }
}
