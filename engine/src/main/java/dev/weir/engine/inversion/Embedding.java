package dev.weir.engine.inversion;

import java.util.List;
import java.util.Map;

/**
 * A textual inversion that fits a model. Immutable.
 *
 * @param name the file's without its ending, as stable-diffusion-webui and ComfyUI call it
 * @param token as diffusers calls it: the tensor's own name, if it has one
 * @param fingerprint a digest of the file
 * @param vectors of each text encoder, by its folder; equally many
 */
public record Embedding(String name, String token, String fingerprint, Map<String, List<float[]>> vectors) {

    public Embedding {
        vectors = Map.copyOf(vectors);
    }

    public int size() {
        return vectors.values().iterator().next().size();
    }
}
