package dev.weir.engine;

import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.image.Bitmap;
import java.util.List;

/** Sees pictures as IP-Adapters do. One device thread calls it, except {@link #pixels}. */
public interface ImagePrompter extends AutoCloseable {

    /**
     * What an adapter makes of pictures.
     *
     * @param pictures the tokens of all pictures, one after the other, {@code [tokens, width]}
     * @param nothing the tokens of no picture, for the rows of a negative prompt
     */
    record Tokens(HostTensor pictures, HostTensor nothing) {}

    /**
     * The pixels that an adapter's network takes of a picture of any size. It uses no network; any thread.
     *
     * @throws ModelException that names a file that cannot be read
     */
    float[] pixels(IpAdapter adapter, Bitmap picture);

    /**
     * Loads the networks at their first use, which takes seconds for large ones.
     *
     * @param pixels of each picture
     * @throws ModelException that names a file that cannot be read
     */
    Tokens see(IpAdapter adapter, List<float[]> pixels);

    @Override
    void close();
}
