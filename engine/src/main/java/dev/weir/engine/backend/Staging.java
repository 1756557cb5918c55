package dev.weir.engine.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Native memory for the inputs of one forward, kept for the next: a back end reads it in place. Grows to the largest input
 * seen. An input that is the same as in the forward before is not written again. Confined to the device thread.
 */
public final class Staging {

    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Feed> feeds = new ArrayList<>();

    /** The input's bytes, which stay until input {@code index} is filled again. */
    public ByteBuffer fill(int index, Feed feed) {
        int length = feed.length();
        while (buffers.size() <= index) {
            buffers.add(ByteBuffer.allocateDirect(0));
            feeds.add(null);
        }
        if (buffers.get(index).capacity() < length) {
            buffers.set(index, ByteBuffer.allocateDirect(length));
        }
        var bytes = buffers.get(index).clear().limit(length).slice().order(ByteOrder.nativeOrder());
        if (!holds(index, feed)) {
            feeds.set(index, null); // if the filler throws
            feed.filler().accept(bytes);
            feeds.set(index, feed);
        }
        return bytes.clear();
    }

    /** Whether an input's bytes are already those of the feed. */
    public boolean holds(int index, Feed feed) {
        return index < feeds.size() && feeds.get(index) != null && feed.isSame(feeds.get(index));
    }
}
