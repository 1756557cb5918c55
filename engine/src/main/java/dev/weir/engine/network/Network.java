package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.graph.Script;

/**
 * A network whose options have been read from its {@code config.json}: it describes itself, and its subtypes say how it is run.
 * {@link NetworkType} lists them by class name.
 */
interface Network {

    void describe(Script script);

    /** Whether a checkpoint of the network may hold a tensor of this name, which the network does not need. */
    default boolean spare(String weight) {
        return false;
    }

    /** Where the network runs, which is what was wanted unless it needs another precision. */
    default ComputeTarget target(ComputeTarget wanted) {
        return wanted;
    }
}
