package dev.weir.engine;

import dev.weir.engine.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the models in a folder of several models. Stateless; any thread. */
public final class ModelFolders {

    private ModelFolders() {}

    /** Every subfolder with a {@code model_index.json} and every file with a whole model, whether Weir runs it or not, by name. */
    public static List<Path> list(Path models) {
        return entries(models).stream()
                .filter(ModelFolders::isModelOrUnreadable)
                .toList();
    }

    /** All folders, and all files that may be models, by name. Opens none. */
    public static List<Path> entries(Path models) {
        if (!Files.isDirectory(models)) {
            throw new ModelException(models + (Files.exists(models) ? ": not a folder" : ": no such folder"));
        }
        try (Stream<Path> entries = Files.list(models)) {
            return entries.filter(path -> SingleFile.isNamedSo(path) || Files.isDirectory(path))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ModelException(models + " cannot be listed: " + SystemReason.of(e), e);
        }
    }

    /**
     * Whether a folder or file is meant to be a whole model, which LoRAs and other parts are not. Throws {@link ModelException} if the
     * file cannot be read.
     */
    public static boolean isModel(Path path) {
        return SingleFile.isNamedSo(path)
                ? Family.of(SafetensorsFile.open(path)).isPresent()
                : Files.isRegularFile(ModelPath.resolve(path).resolve(PipelineIndex.FILE));
    }

    private static boolean isModelOrUnreadable(Path path) {
        try {
            return isModel(path);
        } catch (ModelException e) {
            return true;
        }
    }

    /** The first one, by name, that Weir runs. */
    public static Optional<Path> first(Path models) {
        return entries(models).stream()
                .filter(path -> {
                    try {
                        return isModel(path) && ModelFolder.open(path).card() != null;
                    } catch (ModelException e) {
                        return false;
                    }
                })
                .findFirst();
    }

    /** What a model is called, of which only the settings are read. */
    public static String id(Path model) {
        return ModelSettings.read(model).id().orElseGet(() -> name(model));
    }

    /** What a model is called that says no other name. */
    public static String name(Path path) {
        return ModelPath.name(ModelPath.resolve(path));
    }
}
