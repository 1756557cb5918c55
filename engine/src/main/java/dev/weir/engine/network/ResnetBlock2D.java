package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/** Two convolutions around a residual connection, told the timestep in between where there is one. */
final class ResnetBlock2D {

    private final int groups;
    private final double eps;
    private final double outputScale;

    /** @param outputScale what the sum is divided by */
    ResnetBlock2D(int groups, double eps, double outputScale) {
        this.groups = groups;
        this.eps = eps;
        this.outputScale = outputScale;
    }

    /** @param timestep silu of its embedding, {@code [B, E]}; null in an autoencoder */
    Value apply(Graph g, Value x, Value timestep, int out) { // x [B, C, H, W]
        var h = g.silu(g.groupNorm(x, "norm1", groups, eps));
        h = g.conv2d(h, "conv1", out, 3); // [B, out, H, W]
        if (timestep != null) {
            h = g.add(h, g.overPixels(g.linear(timestep, "time_emb_proj", out))); // + [B, out, 1, 1]
        }
        h = g.silu(g.groupNorm(h, "norm2", groups, eps));
        h = g.conv2d(h, "conv2", out, 3);
        var shortcut = x.channels() == out ? x : g.conv2d(x, "conv_shortcut", out, 1);
        return g.scale(g.add(shortcut, h), 1 / outputScale);
    }
}
