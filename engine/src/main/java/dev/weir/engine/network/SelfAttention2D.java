package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;

/**
 * Attention of the pixels to each other. Its layers had other names before diffusers 0.18.
 *
 * @param headWidth channels of one head
 * @param groups of the norm at the entrance
 */
record SelfAttention2D(int headWidth, int groups, double eps) implements BlockAttention {

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        int width = image.channels();
        var x = g.tokens(g.groupNorm(image, "group_norm", groups, eps)); // [B, HW, C]
        var q = g.linear(x, g.anyOf("to_q", "query"), width);
        var k = g.linear(x, g.anyOf("to_k", "key"), width);
        var v = g.linear(x, g.anyOf("to_v", "value"), width);
        var seen = g.attention(q, k, v, g.headsOf(x, headWidth), Mask.NONE);
        return g.add(g.image(g.linear(seen, g.anyOf("to_out.0", "proj_attn"), width), image), image);
    }
}
