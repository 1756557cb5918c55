package dev.weir.engine.network;

import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Iterator;
import java.util.List;

/**
 * The attention to images beside that to the prompt: what each adapter's tokens give is added (Ye et al. 2023, arXiv 2308.06721). The
 * values have the adapter's scale already. A row without images has zeros. Asked once for each layer, in the network's order.
 */
final class ImageAttention {

    private final Iterator<ImageLayers.Layer> layers;
    private final List<AttentionContext> adapters;

    /** @param adapters the keys and values of all layers of each adapter, {@code [B, channels, tokens]} */
    ImageAttention(ImageLayers layers, List<AttentionContext> adapters) {
        this.layers = layers.layers().iterator();
        this.adapters = adapters;
    }

    /**
     * @param found what attention to the prompt gave, {@code [B, HW, C]}
     * @param q of the same attention
     */
    Value add(Graph g, Value found, Value q, int heads) {
        var layer = layers.next();
        var sum = found;
        for (AttentionContext adapter : adapters) {
            var all = adapter.states();
            var k = g.tokens(g.narrow(all, layer.offset(), layer.channels())); // [B, T, C]
            var v = g.tokens(g.narrow(all, layer.offset() + layer.channels(), layer.channels()));
            sum = g.add(sum, g.attention(q, k, v, heads, adapter.mask()));
        }
        return sum;
    }
}
