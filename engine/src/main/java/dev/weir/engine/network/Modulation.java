package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;
import java.util.stream.IntStream;

/** Layer norms and residuals that a row's embedding scales, shifts and gates: adaLN-Zero (Peebles and Xie 2022, arXiv 2212.09748). */
final class Modulation {

    static final double EPS = 1e-6;

    private Modulation() {}

    /**
     * What a linear layer makes of a row's embedding, in parts of the tokens' width, {@code [B, 1, D]} each.
     *
     * @param embedding after its silu
     */
    static List<Value> parts(Graph g, Value embedding, String name, int width, int count) {
        var all = g.linear(embedding, name, count * width); // [B, count * D]
        return IntStream.range(0, count)
                .mapToObj(part -> g.unflat(g.narrow(all, part * width, width), 1))
                .toList();
    }

    static Value modulated(Graph g, Value normed, Value shift, Value scale) {
        return g.add(g.multiply(normed, g.shift(scale, 1)), shift);
    }

    static Value normed(Graph g, Value x, Value shift, Value scale) {
        return modulated(g, g.layerNorm(x, EPS), shift, scale);
    }

    static Value gated(Graph g, Value x, Value h, Value gate) {
        return g.add(x, g.multiply(h, gate));
    }

    /** A feed-forward layer with gelu in its approximation with tanh. */
    static Value feedForward(Graph g, Value x) {
        return g.linear(g.geluTanh(g.linear(x, "net.0.proj", 4 * x.channels())), "net.2", x.channels());
    }
}
