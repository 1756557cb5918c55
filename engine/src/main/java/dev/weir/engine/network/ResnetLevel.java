package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * A level of residual blocks, with attention after each of them where it attends, and then to the next level's size.
 *
 * @param attentions one for each residual block
 * @param resizesInResnet whether a residual block changes the size; else a convolution does
 * @param downsamplePadding of that convolution
 * @param last whether no change of size follows
 */
record ResnetLevel(
        int channels,
        ResnetBlock2D resnet,
        List<BlockAttention> attentions,
        boolean resizesInResnet,
        int downsamplePadding,
        boolean last)
        implements UNetBlock {

    boolean attends() {
        return attentions.get(0) != BlockAttention.NONE;
    }

    boolean attendsToItself() {
        return attentions.get(0) instanceof SelfAttention2D;
    }

    @Override
    public Value down(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        for (int j = 0; j < attentions.size(); j++) {
            x = layer(g, j, x, inputs);
            if (j == attentions.size() - 1 && (attends() || last)) {
                x = steered(g, x, inputs);
            }
            skips.push(Optional.of(x));
        }
        if (!last) {
            x = resizesInResnet ? resnet.halved(g.at("downsamplers.0"), x, inputs) : halved(g, x);
            if (!attends()) {
                x = steered(g, x, inputs);
            }
            skips.push(Optional.of(x));
        }
        return x;
    }

    /** As in diffusers: after the last attention, or at the end of a level without. */
    private static Value steered(Graph g, Value x, BlockInputs inputs) {
        return inputs.feature().isPresent() ? g.add(x, inputs.feature().get()) : x;
    }

    private Value halved(Graph g, Value x) {
        var padded = downsamplePadding == 0 ? g.padBottomRight(x) : x;
        return g.conv2d(padded, "downsamplers.0.conv", channels, 3, 2, downsamplePadding);
    }

    @Override
    public Value up(Graph g, Value x, BlockInputs inputs, Deque<Optional<Value>> skips) {
        for (int j = 0; j < attentions.size(); j++) {
            x = layer(g, j, g.concat(x, skips.pop().orElseThrow()), inputs);
        }
        if (!last) { // to the next level's size, which need not be twice this one's
            var size = skips.peek().orElseThrow();
            x = resizesInResnet
                    ? resnet.resized(g.at("upsamplers.0"), x, inputs, size)
                    : g.conv2d(g.upsampleTo(x, size), "upsamplers.0.conv", channels, 3);
        }
        return x;
    }

    private Value layer(Graph g, int j, Value x, BlockInputs inputs) {
        x = resnet.apply(g.at("resnets." + j), x, inputs, channels);
        return attentions.get(j).apply(g.at("attentions." + j), x, inputs);
    }
}
