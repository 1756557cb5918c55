package dev.weir.engine.adapter;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Sampling;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;

/**
 * A folder with a CLIP image encoder that IP-Adapters read. Immutable; any thread.
 *
 * @param width of its states
 * @param projection the width of its embeddings
 */
record VisionFolder(Path folder, ComponentConfig config, int width, int projection) {

    /** Throws {@link dev.weir.engine.ModelException} that names the file and key. */
    static VisionFolder open(Path folder) {
        var config = ComponentConfig.read(folder);
        return new VisionFolder(folder, config, config.count("hidden_size"), config.count("projection_dim"));
    }

    void digest(MessageDigest digest) {
        digest.update(config.json().toString().getBytes(StandardCharsets.UTF_8));
        Sampling.digest(ComponentWeights.open(folder), digest);
    }

    @Override
    public String toString() {
        return "%s (projection_dim %d, hidden_size %d)".formatted(folder, projection, width);
    }
}
