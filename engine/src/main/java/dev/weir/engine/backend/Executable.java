package dev.weir.engine.backend;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A network that a back end has loaded with its weights. One device thread owns it. */
public interface Executable extends AutoCloseable {

    /**
     * One forward.
     *
     * @param feeds the method's inputs, in its order, without those that are kept
     * @param reader takes what it needs from the result, which is gone afterwards; native byte order
     */
    <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader);

    /** Sets inputs for all forwards from now on, by name. They replace those of the same names. */
    void keep(Map<String, Kept> inputs);

    @Override
    void close();
}
