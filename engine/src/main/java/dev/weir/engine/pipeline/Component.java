package dev.weir.engine.pipeline;

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
        TOKENIZER(Tokenizers.CLASSES),
        TEXT_ENCODER(Networks.Kind.TEXT_ENCODER.classNames()),
        DENOISER(Networks.Kind.DENOISER.classNames()),
        /** Judged by its configuration and not by its class. */
        SCHEDULER(List.of()),
        AUTOENCODER(Networks.Kind.AUTOENCODER.classNames());

        private final List<String> classNames;

        Use(List<String> classNames) {
            this.classNames = classNames;
        }

        /** The classes that it may be of; none: any. */
        public List<String> classNames() {
            return classNames;
        }

        /** Whether it has weights. */
        public boolean isNetwork() {
            return this != TOKENIZER && this != SCHEDULER;
        }
    }

    Component(String folder, Use use) {
        this(folder, use, List.of());
    }
}
