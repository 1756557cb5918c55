package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/**
 * Attention of the pixels to each other.
 *
 * @param headWidth channels of one head
 * @param groups of the norm at the entrance
 */
record SelfAttention2D(int headWidth, int groups, double eps) implements BlockAttention {

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        var normed = g.groupNorm(image, "group_norm", groups, eps);
        return new PixelAttention(headWidth, 1).apply(g, image, normed);
    }
}
