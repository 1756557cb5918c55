package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Blocks of one width, of which the networks of Wuerstchen and Stable Cascade are made (Pernias et al. 2023, arXiv 2306.00637). Their
 * images are kept as tokens.
 *
 * @param kinds of the blocks that come several times, one after the other
 * @param times what the network is told besides the time
 */
record CascadeLevel(int width, int heads, boolean seesItself, List<Kind> kinds, int kernel, List<String> times) {

    enum Kind {
        RESNET("SDCascadeResBlock", "C"),
        TIME("SDCascadeTimestepBlock", "T"),
        ATTENTION("SDCascadeAttnBlock", "A");

        private final String className;
        private final String letter;

        Kind(String className, String letter) {
            this.className = className;
            this.letter = letter;
        }

        /** As Stable Cascade names it. */
        String className() {
            return className;
        }

        /** As Wuerstchen names it. */
        String letter() {
            return letter;
        }
    }

    /** @param image any of its height and width */
    record Tokens(Value all, Value image) {

        static Tokens of(Graph g, Value image) {
            return new Tokens(g.tokens(image), image);
        }

        Value image(Graph g) {
            return g.image(all, image);
        }

        /** An image of what the norm makes of them. */
        Value normed(Graph g) {
            return g.image(norm(g, all), image);
        }

        Tokens with(Value other) {
            return new Tokens(other, image);
        }
    }

    /** What all blocks see besides: embeddings of times, and the tokens that all attentions see. */
    record Seen(List<Value> times, Value context) {}

    /**
     * What resnet blocks see besides.
     *
     * @param passed by the way down, for the first block alone
     * @param made by another network, for each of them
     */
    record Beside(Optional<Value> passed, Optional<Value> made) {

        static final Beside NOTHING = new Beside(Optional.empty(), Optional.empty());

        private List<Value> of(boolean isFirst) {
            return Stream.concat(isFirst ? passed.stream() : Stream.empty(), made.stream())
                    .toList();
        }
    }

    /** @param first the number of the first block under a name, in which they count */
    record Place(String name, int first, int repeats) {}

    private static final double EPS = 1e-6;

    /** Times of 0 to 1 are embedded as those of other networks are, of up to 10,000. */
    private static final double TIMES = 10_000;

    static void requireHeads(Config config, String key, List<Kind> kinds, int width, int heads) {
        if (kinds.contains(Kind.ATTENTION) && (heads == 0 || width % heads != 0)) {
            throw config.refused(key, "heads that part the level's channels");
        }
    }

    static int kernel(Config config) {
        int kernel = config.integer("kernel_size", 3);
        if (kernel % 2 == 0) {
            throw config.refused("kernel_size", "an odd number");
        }
        return kernel;
    }

    static Value norm(Graph g, Value tokens) {
        return g.layerNorm(tokens, EPS);
    }

    /** The embedding of times, {@code [B, width]}. */
    static Value embedded(Graph g, Value times, int width) {
        return g.cast(g.timestepEmbedding(g.scale(times, TIMES), width, false, 1));
    }

    int blocks(int repeats) {
        return repeats * kinds.size();
    }

    Tokens run(Graph g, Place place, Tokens x, Beside beside, Seen seen) {
        for (int i = 0; i < blocks(place.repeats()); i++) {
            var block = g.at("%s.%d".formatted(place.name(), place.first() + i));
            x = switch (kinds.get(i % kinds.size())) {
                case RESNET -> residual(block, x, beside.of(i == 0));
                case TIME -> x.with(timed(block, x.all(), seen.times()));
                case ATTENTION -> x.with(attention(block, x.all(), seen.context()));
            };
        }
        return x;
    }

    private Tokens residual(Graph g, Tokens x, List<Value> beside) {
        var h = norm(g, g.tokens(g.depthwiseConv2d(x.image(g), "depthwise", kernel, false)));
        for (Value other : beside) {
            h = g.concatChannels(h, other);
        }
        h = g.gelu(g.linear(h, "channelwise.0", 4 * width));
        h = g.linear(g.responseNorm(h, "channelwise.2", EPS), "channelwise.4", width);
        return x.with(g.add(h, x.all()));
    }

    private Value timed(Graph g, Value x, List<Value> embeddings) {
        var sum = g.linear(embeddings.get(0), "mapper", 2 * width);
        for (int i = 0; i < times.size(); i++) {
            sum = g.add(sum, g.linear(embeddings.get(i + 1), "mapper_" + times.get(i), 2 * width));
        }
        var scale = g.unflat(g.narrow(sum, 0, width), 1); // [B, 1, D]
        var shift = g.unflat(g.narrow(sum, width, width), 1);
        return Modulation.modulated(g, x, shift, scale);
    }

    private Value attention(Graph g, Value x, Value context) {
        var seen = g.linear(g.silu(context), "kv_mapper.1", width);
        var normed = norm(g, x);
        if (seesItself) {
            seen = g.concatTokens(normed, seen);
        }
        var a = g.at("attention");
        var attended = a.attention(
                a.linear(normed, "to_q", width),
                a.linear(seen, "to_k", width),
                a.linear(seen, "to_v", width),
                heads,
                Mask.NONE);
        return g.add(x, a.linear(attended, "to_out.0", width));
    }
}
