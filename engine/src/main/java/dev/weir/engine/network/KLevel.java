package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Deque;
import java.util.Optional;

/**
 * A level of the K-diffusion UNet (the x2 latent upscaler's): norms that the timestep drives, attention without feed-forward, and
 * resampling through a fixed filter.
 *
 * @param next channels of the next level on the way up
 * @param attention after each residual block
 * @param last whether no change of size follows
 */
record KLevel(
        int channels,
        int next,
        int layers,
        double eps,
        Activation activation,
        Optional<KAttention> attention,
        boolean last)
        implements UNetBlock {

    static final int GROUP_SIZE = 32;

    @Override
    public Value down(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        for (int j = 0; j < layers; j++) {
            x = attended(g, j, resnet(g.at("resnets." + j), x, inputs, channels, channels), inputs);
            // The deepest level begins the way up, and hands nothing over besides.
            skips.push(last && attention.isPresent() ? Optional.empty() : Optional.of(x));
        }
        return last ? x : g.firDown(x, true);
    }

    @Override
    public Value up(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        var skip = skips.pop();
        for (int j = 1; j < layers; j++) {
            skips.pop(); // only what the level's end gave is used
        }
        if (skip.isPresent()) {
            x = g.concat(x, skip.get());
        }
        for (int j = 0; j < layers; j++) {
            int out = j == layers - 1 ? next : channels;
            int inner = attention.isPresent() ? channels : out;
            x = attended(g, j, resnet(g.at("resnets." + j), x, inputs, inner, out), inputs);
        }
        return last ? x : g.firUp(x, true);
    }

    private Value attended(Graph g, int j, Value x, BlockInputs inputs) {
        return attention.isPresent() ? attention.get().apply(g.at("attentions." + j), x, inputs) : x;
    }

    private Value resnet(Graph g, Value x, BlockInputs inputs, int inner, int out) {
        var h = AdaGroupNorm.apply(g.at("norm1"), x, inputs, x.channels() / GROUP_SIZE, eps);
        h = g.conv2d(activation.apply(g, h), "conv1", inner, 3);
        h = AdaGroupNorm.apply(g.at("norm2"), h, inputs, channels / GROUP_SIZE, eps);
        h = g.conv2d(activation.apply(g, h), "conv2", out, 3);
        var shortcut = x.channels() == out ? x : g.conv2d(x, "conv_shortcut", out, 1, 1, 0, false);
        return g.add(shortcut, h);
    }
}
