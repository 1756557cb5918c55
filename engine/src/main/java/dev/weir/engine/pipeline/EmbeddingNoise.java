package dev.weir.engine.pipeline;

import dev.weir.engine.LatentDistribution;
import dev.weir.engine.sampler.NoiseSchedule;
import java.util.Optional;

/**
 * The noise that an embedding of a picture gets, of a level that a request says, in the space of a normalizer. It draws none.
 * Immutable; any thread.
 */
public record EmbeddingNoise(EmbeddingNormalizer normalizer, NoiseSchedule schedule) {

    /** Throws an IllegalArgumentException that says which levels there are. */
    LatentDistribution of(float[] embedding, int level) {
        if (level < 0 || level >= schedule.length()) {
            throw new IllegalArgumentException(
                    "noise_level must be between 0 and %d, not %d".formatted(schedule.length() - 1, level));
        }
        float alpha = schedule.alphaCumprod(level);
        float signal = (float) Math.sqrt(alpha);
        float spread = (float) Math.sqrt(1 - alpha);
        float[] mean = new float[embedding.length];
        float[] deviation = new float[embedding.length];
        for (int i = 0; i < mean.length; i++) {
            float centre = normalizer.mean()[i];
            mean[i] = signal * (embedding[i] - centre) + centre;
            deviation[i] = spread * normalizer.deviation()[i];
        }
        return new LatentDistribution(mean, Optional.of(deviation));
    }
}
