package dev.weir.engine.network;

import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;

/** What attention looks at, {@code [B, T, D]}, and how much of it. */
record Prompt(Value states, Mask mask) {

    Prompt(Value states) {
        this(states, Mask.NONE);
    }
}
