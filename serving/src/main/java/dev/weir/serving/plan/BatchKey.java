package dev.weir.serving.plan;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;

/**
 * What rows must have in common to share a forward pass.
 *
 * @param sample shape of their samples
 * @param inputs shapes of what the network takes besides; the length of a prompt is no part of it
 */
public record BatchKey(String model, LatentShape sample, Signature inputs) {}
