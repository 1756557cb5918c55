package dev.weir.engine.pipeline;

import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.network.Networks;
import dev.weir.engine.tokenizer.Tokenizers;
import java.util.List;

/**
 * A part of a pipeline.
 *
 * @param folder below the model's
 * @param companions folders of the parts that it is used with: its tokenizer or its scheduler
 */
public record Component(String folder, Use use, List<String> companions) {

    /** What a part is used as. */
    public enum Use {
        TOKENIZER(Tokenizers.CLASSES, false),
        TEXT_ENCODER(Networks.Kind.TEXT_ENCODER.classNames(), true),
        /** Prepares pictures for an image encoder. */
        IMAGE_PROCESSOR(ClipImageProcessor.CLASSES, false),
        IMAGE_ENCODER(Networks.Kind.IMAGE_ENCODER.classNames(), true),
        /** The mean and the deviation of an image encoder's embeddings. */
        IMAGE_NORMALIZER(List.of("StableUnCLIPImageNormalizer"), false),
        /** Levels of noise by diffusers' {@code add_noise}; no sampler runs on it. Other schedulers scale the noise differently. */
        NOISE_SCHEDULE(List.of("DDPMScheduler", "DDIMScheduler"), false),
        /** Stands before a denoiser. */
        TEXT_PROJECTION(Networks.Kind.TEXT_PROJECTION.classNames(), true),
        DENOISER(Networks.Kind.DENOISER.classNames(), true),
        /** Guides the main diffusing stage by its gradient. */
        CLASSIFIER(Networks.Kind.CLASSIFIER.classNames(), true),
        /** Judged by its configuration and not by its class. */
        SCHEDULER(List.of(), false),
        AUTOENCODER(Networks.Kind.AUTOENCODER.classNames(), true);

        private final List<String> classNames;
        private final boolean isNetwork;

        Use(List<String> classNames, boolean isNetwork) {
            this.classNames = classNames;
            this.isNetwork = isNetwork;
        }

        /** The classes that it may be of; none: any. */
        public List<String> classNames() {
            return classNames;
        }

        public boolean isNetwork() {
            return isNetwork;
        }

        public boolean hasWeights() {
            return isNetwork || this == IMAGE_NORMALIZER;
        }
    }

    Component(String folder, Use use) {
        this(folder, use, List.of());
    }
}
