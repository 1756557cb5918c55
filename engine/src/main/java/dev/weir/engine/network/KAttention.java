package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/**
 * Attention of the K-diffusion UNet: to the image itself on some levels, then to the prompt, without feed-forward.
 *
 * @param headWidth channels of one head
 */
record KAttention(int headWidth, boolean self) implements BlockAttention {

    private static final double EPS = 1e-5;

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        var x = image;
        if (self) {
            var pixels = normed(g.at("norm1"), x, inputs);
            x = g.add(g.image(attention(g.at("attn1"), pixels, new AttentionContext(pixels)), x), x);
        }
        var prompt = inputs.prompt().orElseThrow();
        var states = g.layerNorm(prompt.states(), "attn2.norm_cross", EPS);
        var pixels = normed(g.at("norm2"), x, inputs);
        return g.add(g.image(attention(g.at("attn2"), pixels, new AttentionContext(states, prompt.mask())), x), x);
    }

    private static Value normed(Graph g, Value x, BlockInputs inputs) {
        int groups = Math.max(1, x.channels() / KLevel.GROUP_SIZE);
        return g.tokens(AdaGroupNorm.apply(g, x, inputs, groups, EPS));
    }

    private Value attention(Graph g, Value x, AttentionContext seen) { // x [B, HW, C]
        int width = x.channels();
        var q = g.linear(x, "to_q", width);
        var k = g.linear(seen.states(), "to_k", width); // [B, T, C]
        var v = g.linear(seen.states(), "to_v", width);
        return g.linear(g.attention(q, k, v, g.headsOf(x, headWidth), seen.mask()), "to_out.0", width);
    }
}
