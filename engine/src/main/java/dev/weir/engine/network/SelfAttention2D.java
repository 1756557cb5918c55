package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/**
 * Attention of the pixels to each other.
 *
 * @param headWidth channels of one head; 0 where one head has all
 * @param groups of the norm at the entrance; 0 where there is none
 * @param outputScale what the sum is divided by
 */
record SelfAttention2D(int headWidth, int groups, double eps, double outputScale) implements BlockAttention {

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        var normed = groups == 0 ? image : g.groupNorm(image, "group_norm", groups, eps);
        int width = headWidth == 0 ? image.channels() : headWidth;
        return new PixelAttention(width, outputScale).apply(g, image, normed);
    }
}
