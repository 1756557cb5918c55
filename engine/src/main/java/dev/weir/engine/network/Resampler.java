package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Makes tokens of the states of a picture's patches for an IP-Adapter Plus: queries look at them in some layers (Alayrac et al. 2022;
 * diffusers' {@code IPAdapterPlusImageProjection}).
 *
 * @param states the width of a patch's state
 * @param inner the width of a query
 * @param heads of each attention
 */
record Resampler(int states, int inner, int tokens, int width, int layers, int heads) implements TokenNetwork {

    private static final String PREFIX = "image_proj.";
    private static final String KEYS_AND_VALUES = "to_kv.weight";
    private static final int HEAD_WIDTH = 64;
    private static final int NOMINAL_PATCHES = 257;
    private static final int FEED_FORWARD = 4;
    private static final double EPS = 1e-5;

    static Resampler of(Weights file) {
        var queries = file.info(PREFIX + "latents").shape();
        var out = file.info(PREFIX + "proj_out.weight").shape();
        int layers = (int) IntStream.iterate(0, i -> i + 1)
                .takeWhile(i -> file.names().contains(PREFIX + "layers." + i + ".0.to_q.weight"))
                .count();
        int heads = layers == 0
                ? 1
                : (int) file.info(PREFIX + "layers.0.0.to_q.weight").shape()[0] / HEAD_WIDTH;
        int last = queries.length - 1;
        return new Resampler(
                (int) file.info(PREFIX + "proj_in.weight").shape()[1],
                (int) queries[last],
                (int) queries[last - 1],
                (int) out[0],
                layers,
                heads);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(FORWARD, "states", "queries").at("image_proj");
        var patches = g.linear(
                g.cast(g.input(Input.Kind.SEQUENCE, "states", states, NOMINAL_PATCHES)), "proj_in", inner); // [B, P, H]
        var x = g.embedding(g.input(Input.Kind.IDS, "queries", 1, tokens), "latents", tokens, inner); // [B, T, H]
        for (int i = 0; i < layers; i++) {
            x = layer(g.at("layers." + i), patches, x);
        }
        g.returns(g.layerNorm(g.linear(x, "proj_out", width), "norm_out", EPS)); // [B, T, D]
    }

    private Value layer(Graph g, Value patches, Value x) {
        var attention = g.at("0");
        var own = attention.layerNorm(x, "norm2", EPS);
        var seen = g.concatTokens(attention.layerNorm(patches, "norm1", EPS), own);
        var q = attention.linear(own, "to_q", heads * HEAD_WIDTH, false);
        var k = attention.linear(seen, "to_k", heads * HEAD_WIDTH, false);
        var v = attention.linear(seen, "to_v", heads * HEAD_WIDTH, false);
        x = g.add(x, attention.linear(g.attention(q, k, v, heads, Graph.Mask.NONE), "to_out", inner, false));
        var forward = g.at("1");
        var h = forward.linear(forward.layerNorm(x, "0", EPS), "1", FEED_FORWARD * inner, false);
        return g.add(x, forward.linear(g.gelu(h), "3", inner, false));
    }

    /** Files have keys and values in one matrix, and the queries as a batch of one. */
    @Override
    public Weights weights(Weights file) {
        var views = new WeightViews(Path.of("IP-Adapter"), file);
        for (String name : file.names()) {
            if (!name.startsWith(PREFIX)) {
                continue;
            }
            if (name.endsWith(KEYS_AND_VALUES)) {
                String attention = name.substring(0, name.length() - KEYS_AND_VALUES.length());
                views.part(attention + "to_k.weight", name, 0, 2);
                views.part(attention + "to_v.weight", name, 1, 2);
            } else if (name.equals(PREFIX + "latents")) {
                views.shaped(name + ".weight", name, tokens, inner);
            } else {
                views.add(name, name);
            }
        }
        return views;
    }

    @Override
    public List<Feed> feeds(List<float[]> views) {
        int patches = views.get(0).length / states;
        return List.of(
                Feed.floats(
                        bytes -> {
                            var out = bytes.asFloatBuffer();
                            views.forEach(out::put);
                        },
                        views.size(),
                        patches,
                        states),
                Feed.longs(
                        bytes -> {
                            var out = bytes.asLongBuffer();
                            for (int i = 0; i < views.size() * tokens; i++) {
                                out.put(i % tokens);
                            }
                        },
                        views.size(),
                        tokens));
    }
}
