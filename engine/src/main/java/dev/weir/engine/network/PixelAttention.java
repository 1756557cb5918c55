package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;

/**
 * Self-attention over all pixels of an image, with a residual connection, as diffusers' {@code Attention} made from its old
 * {@code AttentionBlock}. Its layers had other names before diffusers 0.18.
 *
 * @param headWidth channels of a head; channels that fill no head are left out
 * @param outputScale what the sum is divided by
 */
record PixelAttention(int headWidth, double outputScale) {

    /** @param normed the image as the attention sees it */
    Value apply(Graph g, Value image, Value normed) {
        int heads = image.channels() / Math.max(1, headWidth);
        int width = heads * headWidth;
        var x = g.tokens(normed); // [B, HW, C]
        var q = g.linear(x, g.anyOf("to_q", "query"), width);
        var k = g.linear(x, g.anyOf("to_k", "key"), width);
        var v = g.linear(x, g.anyOf("to_v", "value"), width);
        var out = g.linear(g.attention(q, k, v, heads, Mask.NONE), g.anyOf("to_out.0", "proj_attn"), image.channels());
        return g.scale(g.add(g.image(out, image), image), 1 / outputScale);
    }
}
