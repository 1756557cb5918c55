package dev.weir.engine.network;

import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;

/** The tokens that attention takes keys and values from, {@code [B, T, D]}, and the mask that hides some of them. */
record AttentionContext(Value states, Mask mask) {

    AttentionContext(Value states) {
        this(states, Mask.NONE);
    }
}
