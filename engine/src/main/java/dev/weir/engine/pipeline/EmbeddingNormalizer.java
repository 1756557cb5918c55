package dev.weir.engine.pipeline;

import dev.weir.engine.Finite;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.ComponentWeights;
import java.nio.file.Path;

/**
 * The mean and the deviation of the embeddings that a network was trained with: diffusers' {@code StableUnCLIPImageNormalizer}.
 * Immutable by convention; any thread.
 */
public record EmbeddingNormalizer(float[] mean, float[] deviation) {

    /** Throws {@link ModelException} that names the folder and what is wrong with its weights. */
    public static EmbeddingNormalizer read(Path folder) {
        ComponentWeights weights = ComponentWeights.open(folder);
        var read = new EmbeddingNormalizer(weights.floats("mean"), weights.floats("std"));
        if (read.mean.length != read.deviation.length) {
            throw new ModelException("%s: mean has %d numbers, and std has %d"
                    .formatted(folder, read.mean.length, read.deviation.length));
        }
        if (!Finite.all(read.mean) || !Finite.all(read.deviation)) {
            throw new ModelException(folder + ": mean or std has a number that is not finite");
        }
        return read;
    }
}
