package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Deque;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A level of score-based models (Song et al. 2021, NCSN++): the picture itself passes it on a way of its own, halved before it is
 * added, and on the way up each level adds to the picture.
 *
 * @param resnet makes a residual block of the groups of its two norms
 * @param attention after each residual block on the way down, once on the way up
 * @param last whether no change of size follows
 */
record SkipLevel(
        int channels,
        int layers,
        double eps,
        ResnetMaker resnet,
        Optional<SelfAttention2D> attention,
        boolean last,
        Picture picture)
        implements UNetBlock {

    private static final int RGB = 3;

    interface ResnetMaker {

        ResnetBlock2D make(int groups, int outGroups);
    }

    /** The picture on its way. Confined to the thread that describes the network. */
    static final class Picture {

        private Optional<Value> value;

        Picture(Optional<Value> value) {
            this.value = value;
        }

        Optional<Value> value() {
            return value;
        }
    }

    /** How many groups norms of so many channels have. */
    static int groups(int channels) {
        return Math.min(channels / 4, 32);
    }

    @Override
    public Value down(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        for (int j = 0; j < layers; j++) {
            x = resnet(g, j, groups(x.channels()), x, inputs);
            x = attended(g, j, x, inputs);
            skips.push(Optional.of(x));
        }
        if (!last) {
            x = resized(g.at("resnet_down"), x, inputs, image -> g.firDown(image, false));
            picture.value = picture.value.map(image -> g.firDown(image, false));
            x = g.add(g.conv2d(picture.value.orElseThrow(), "skip_conv", channels, 1), x);
            skips.push(Optional.of(x));
        }
        return x;
    }

    @Override
    public Value up(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        for (int j = 0; j < layers; j++) {
            var skip = skips.pop().orElseThrow();
            // diffusers divides only the skip's channels by four where the level attends.
            int groups = attention.isPresent()
                    ? Math.min(x.channels() + skip.channels() / 4, 32)
                    : groups(x.channels() + skip.channels());
            x = resnet(g, j, groups, g.concat(x, skip), inputs);
        }
        x = attended(g, 0, x, inputs);
        picture.value = picture.value.map(image -> g.firUp(image, false));
        if (!last) {
            var own = g.conv2d(g.silu(g.groupNorm(x, "skip_norm", groups(channels), eps)), "skip_conv", RGB, 3);
            picture.value =
                    Optional.of(picture.value.map(image -> g.add(image, own)).orElse(own));
            x = resized(g.at("resnet_up"), x, inputs, image -> g.firUp(image, false));
        }
        return x;
    }

    private Value resnet(Graph g, int j, int groups, Value x, BlockInputs inputs) {
        return resnet.make(groups, groups(channels)).apply(g.at("resnets." + j), x, inputs, channels);
    }

    private Value attended(Graph g, int j, Value x, BlockInputs inputs) {
        return attention.isPresent() ? attention.get().apply(g.at("attentions." + j), x, inputs) : x;
    }

    private Value resized(Graph g, Value x, BlockInputs inputs, UnaryOperator<Value> filter) {
        return resnet.make(groups(channels), groups(channels)).filtered(g, x, inputs, filter);
    }
}
