package dev.weir.engine;

import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.EmbeddingNoise;
import dev.weir.engine.pipeline.EmbeddingNormalizer;
import dev.weir.engine.pipeline.NoisedImageEncoder;
import dev.weir.engine.pipeline.VisionPart;
import dev.weir.engine.sampler.NoiseSchedule;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the parts of a model that see pictures as CLIP does, and those that add noise to an embedding. Any thread. */
record VisionParts(PipelineIndex index) {

    /** Throws {@link ModelException} that names what is wrong with its files. */
    ImageEncoder encoder(VisionPart vision, ComputeTarget target) {
        Optional<EmbeddingNoise> noise = vision.noise().map(this::noise);
        ImageEncoder encoder = index.load(
                vision.encoder(),
                (config, weights) ->
                        Networks.imageEncoder(config.json(), weights, processor(vision.processor()), target));
        return noise.isEmpty() ? encoder : new NoisedImageEncoder(encoder, noise.get());
    }

    EmbeddingNoise noise(VisionPart.Noise part) {
        return new EmbeddingNoise(
                EmbeddingNormalizer.read(index.home(part.normalizer())),
                NoiseSchedule.of(index.scheduler(part.schedule())));
    }

    ClipImageProcessor processor(String component) {
        Path file = index.home(component).resolve("preprocessor_config.json");
        try {
            return ClipImageProcessor.read(JsonFile.read(file));
        } catch (ModelException e) {
            throw e.in(file);
        }
    }
}
