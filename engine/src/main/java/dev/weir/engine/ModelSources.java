package dev.weir.engine;

import java.nio.file.Path;
import java.util.Optional;

/** Tells what a path is that is given as a model. Stateless; any thread. */
final class ModelSources {

    private ModelSources() {}

    /** See the other method. */
    static ModelSource open(Path path) {
        return open(path, Optional.empty());
    }

    /**
     * Throws {@link ModelException} that says what the path is, unless it is a model.
     *
     * @param autoencoder a file or folder that decodes in place of the model's own; empty: what the model's settings say
     */
    static ModelSource open(Path path, Optional<Path> autoencoder) {
        Path resolved = ModelPath.resolve(path);
        ModelSource source = SingleFile.find(resolved)
                .<ModelSource>map(file -> file)
                .or(() -> TransformerFile.find(resolved))
                .orElseGet(() -> DiffusersFolder.open(resolved));
        return with(source, autoencoder);
    }

    /** A model with the autoencoder that its settings name. */
    static ModelSource withAutoencoder(ModelSource source) {
        return with(source, Optional.empty());
    }

    private static ModelSource with(ModelSource source, Optional<Path> autoencoder) {
        return autoencoder
                .or(() -> source.settings().autoencoder())
                .<ModelSource>map(other -> new OtherAutoencoder(source, ModelPath.resolve(other)))
                .orElse(source);
    }
}
