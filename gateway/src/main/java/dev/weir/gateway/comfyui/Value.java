package dev.weir.gateway.comfyui;

import java.util.Map;

/** What flows along the links of a graph while it is compiled: not tensors, but how they would be made. Immutable. */
sealed interface Value {

    record Model(String name) implements Value {}

    record Clip(String model) implements Value {}

    record Vae(String model) implements Value {}

    record Conditioning(Clip clip, String text) implements Value {}

    /** What a sampler begins with. */
    record Latent(Node from, int width, int height, int count) implements Value {}

    /**
     * What a sampler makes, and the pictures that are decoded from it.
     *
     * @param fields of Weir's request
     * @param places where messages about these fields belong in the graph, by field
     */
    record Sampled(Node sampler, String model, Map<String, Object> fields, Map<String, Place> places)
            implements Value {}

    /** An input of a node. */
    record Place(String node, String input) {}
}
