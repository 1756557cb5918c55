package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Deque;
import java.util.Optional;

/** One level of a UNet, on the way down or on the way up. */
interface UNetBlock {

    /** @param skips what passes the level by, the last first; empty where a block passes nothing */
    Value down(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips);

    Value up(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips);
}
