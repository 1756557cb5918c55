package dev.weir.engine.network;

import dev.weir.engine.graph.Value;
import java.util.Optional;

/**
 * What every block of a UNet sees besides the image.
 *
 * @param time the embedding of the timestep and of what is added to it, {@code [B, E]}
 * @param activated the same after the network's activation
 * @param prompt empty in a network that attends to none
 * @param images empty in a network that attends to none
 * @param feature what T2I-Adapters add to the level's image; empty where none does
 */
record BlockInputs(
        Value time,
        Value activated,
        Optional<AttentionContext> prompt,
        Optional<ImageAttention> images,
        Optional<Value> feature) {

    /** Without images and features. */
    BlockInputs(Value time, Value activated, Optional<AttentionContext> prompt) {
        this(time, activated, prompt, Optional.empty(), Optional.empty());
    }

    BlockInputs with(Value levelFeature) {
        return new BlockInputs(time, activated, prompt, images, Optional.of(levelFeature));
    }
}
