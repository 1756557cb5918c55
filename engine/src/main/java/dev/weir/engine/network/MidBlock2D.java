package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;

/** The middle of a UNet: a residual block, and after each attention another one. */
record MidBlock2D(ResnetBlock2D resnet, List<BlockAttention> attentions) {

    Value apply(Graph g, Value x, BlockInputs inputs) {
        x = resnet.apply(g.at("resnets.0"), x, inputs, x.channels());
        for (int j = 0; j < attentions.size(); j++) {
            x = attentions.get(j).apply(g.at("attentions." + j), x, inputs);
            x = resnet.apply(g.at("resnets." + (j + 1)), x, inputs, x.channels());
        }
        return x;
    }
}
