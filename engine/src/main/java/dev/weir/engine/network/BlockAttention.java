package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/** Attention over the pixels of an image, after a residual block. */
interface BlockAttention {

    /** A block without. */
    BlockAttention NONE = (g, image, inputs) -> image;

    /** @param image {@code [B, C, H, W]}, as is the result */
    Value apply(Graph g, Value image, BlockInputs inputs);
}
