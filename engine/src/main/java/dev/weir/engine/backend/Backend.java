package dev.weir.engine.backend;

import dev.weir.engine.ModelException;
import dev.weir.engine.graph.Script;

/** A library that runs networks on one device, in one precision. Any thread. */
public interface Backend {

    /**
     * Loads a network that was held to its checkpoint.
     *
     * @throws ModelException where its weights cannot be read
     */
    Executable load(Script network);

    /**
     * Loads another network of the same weights. The two share what the library lets them share, so the second one must be closed
     * first.
     *
     * @param first which this back end loaded
     * @throws ModelException where its weights cannot be read
     */
    Executable loadBeside(Executable first, Script network);
}
