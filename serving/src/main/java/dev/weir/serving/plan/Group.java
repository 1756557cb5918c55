package dev.weir.serving.plan;

import dev.weir.engine.LatentShape;

/** What rows must have in common to share a forward pass. */
public record Group(String model, LatentShape shape) {}
