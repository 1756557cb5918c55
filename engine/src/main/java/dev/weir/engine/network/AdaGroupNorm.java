package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/** A group norm that the timestep scales and shifts. */
final class AdaGroupNorm {

    private AdaGroupNorm() {}

    static Value apply(Graph g, Value image, BlockInputs inputs, int groups, double eps) {
        var both = g.linear(inputs.time(), "linear", 2 * image.channels()); // [B, 2C]
        return ResnetBlock2D.scaledAndShifted(g, g.groupNorm(image, groups, eps), both);
    }
}
