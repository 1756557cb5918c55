package dev.weir.engine.network;

import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;

/** A picture at eight times the sample's size (a depth map), as more channels of the sample. */
final class Hint {

    static final int CHANNELS = 4;

    static final NetworkInput INPUT =
            new NetworkInput("hint", List.of(3, NetworkInput.ANY, NetworkInput.ANY), Join.STACK);

    /** Output channels and stride of each convolution; silu follows all but the last. */
    private static final int[][] LAYERS = {{16, 1}, {16, 1}, {32, 2}, {32, 1}, {96, 2}, {96, 1}, {256, 2}, {CHANNELS, 1}
    };

    private Hint() {}

    /** The hint {@code [B, 3, 8H, 8W]} as {@code [B, 4, H, W]}. */
    static Value apply(Graph g) {
        var block = g.at("add_embedding.input_hint_block");
        var x = g.castImage(GraphInputs.of(g, INPUT));
        for (int i = 0; i < LAYERS.length; i++) {
            x = block.conv2d(i == 0 ? x : g.silu(x), Integer.toString(2 * i), LAYERS[i][0], 3, LAYERS[i][1], 1);
        }
        return x;
    }
}
