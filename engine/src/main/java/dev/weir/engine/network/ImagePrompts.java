package dev.weir.engine.network;

import dev.weir.engine.NetworkInput;
import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.graph.Graph;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Images beside the prompt of a UNet, as IP-Adapters make them.
 *
 * @param count how many adapters may see images at once for one row
 */
record ImagePrompts(ImageLayers layers, int count) {

    private static final String NAME = "ip_adapter_";

    /** The name of an adapter's tokens, and of their keys and values. */
    static String name(int index) {
        return NAME + index;
    }

    /** The keys and values of each adapter's tokens for all layers. */
    List<NetworkInput> inputs() {
        return IntStream.range(0, count)
                .mapToObj(i -> GraphInputs.optional(name(i), layers.channels()))
                .toList();
    }

    ImageAttention attention(Graph g) {
        return new ImageAttention(
                layers,
                inputs().stream()
                        .map(input ->
                                new AttentionContext(g.cast(GraphInputs.of(g, input)), GraphInputs.mask(g, input)))
                        .toList());
    }
}
