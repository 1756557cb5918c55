package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Optional;

/**
 * Transformer blocks over the pixels of an image: self-attention, cross-attention to the prompt, gated feed-forward.
 *
 * @param heads of each attention
 * @param depth blocks one after the other
 * @param groups of the norm at the entrance
 * @param linearProjection whether the way in and out is a linear layer rather than a 1x1 convolution
 * @param onlyCross whether the first attention of each block looks at the prompt too
 */
record Transformer2D(int heads, int depth, int groups, boolean linearProjection, boolean onlyCross)
        implements BlockAttention {

    private static final double GROUP_EPS = 1e-6;
    private static final double LAYER_EPS = 1e-5;

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        var change = change(g, image, inputs.prompt().orElseThrow(), inputs.images());
        return g.add(change, image); // [B, C, H, W]
    }

    /** What the transformer adds to the image. */
    Value change(Graph g, Value image, AttentionContext prompt, Optional<ImageAttention> images) {
        int width = image.channels();
        var x = g.groupNorm(image, "norm", groups, GROUP_EPS);
        x = linearProjection
                ? g.linear(g.tokens(x), "proj_in", width)
                : g.tokens(g.conv2d(x, "proj_in", width, 1)); // [B, HW, C]
        for (int i = 0; i < depth; i++) {
            x = block(g.at("transformer_blocks." + i), x, prompt, images);
        }
        return linearProjection
                ? g.image(g.linear(x, "proj_out", width), image)
                : g.conv2d(g.image(x, image), "proj_out", width, 1); // [B, C, H, W]
    }

    private Value block(Graph g, Value x, AttentionContext prompt, Optional<ImageAttention> images) { // x [B, HW, C]
        var h = g.layerNorm(x, "norm1", LAYER_EPS);
        x = g.add(x, attention(g.at("attn1"), h, onlyCross ? prompt : new AttentionContext(h), Optional.empty()));
        h = g.layerNorm(x, "norm2", LAYER_EPS);
        x = g.add(x, attention(g.at("attn2"), h, prompt, images));
        h = g.layerNorm(x, "norm3", LAYER_EPS);
        h = g.geglu(g.linear(h, "ff.net.0.proj", 8 * x.channels())); // [B, HW, 4C]
        return g.add(x, g.linear(h, "ff.net.2", x.channels()));
    }

    private Value attention(Graph g, Value x, AttentionContext seen, Optional<ImageAttention> images) {
        int width = x.channels();
        var q = g.linear(x, "to_q", width, false); // [B, HW, C]
        var k = g.linear(seen.states(), "to_k", width, false); // [B, T, C]
        var v = g.linear(seen.states(), "to_v", width, false);
        var found = g.attention(q, k, v, heads, seen.mask());
        if (images.isPresent()) {
            found = images.get().add(g, found, q, heads);
        }
        return g.linear(found, "to_out.0", width);
    }
}
