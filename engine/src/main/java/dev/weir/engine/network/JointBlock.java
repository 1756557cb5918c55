package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * What the blocks of Flux.1 and of Stable Diffusion 3 have in common: text and picture have weights of their own, and attend to both.
 *
 * @param width of all heads together
 * @param normed whether queries and keys are normed
 */
record JointBlock(int heads, int width, boolean normed) {

    /** Text and picture, {@code [B, S, D]} and {@code [B, T, D]}. */
    record Streams(Value text, Value picture) {}

    /** Queries, keys and values of the text, then the picture, {@code [B, S + T, D]} each. */
    record Attended(Value queries, Value keys, Value values) {}

    Attended joined(Graph attention, Value text, Value picture) {
        return new Attended(
                attention.concatTokens(
                        query(attention, text, "add_q_proj", "norm_added_q"),
                        query(attention, picture, "to_q", "norm_q")),
                attention.concatTokens(
                        query(attention, text, "add_k_proj", "norm_added_k"),
                        query(attention, picture, "to_k", "norm_k")),
                attention.concatTokens(
                        attention.linear(text, "add_v_proj", width), attention.linear(picture, "to_v", width)));
    }

    /** Those of one stream alone. */
    Attended alone(Graph attention, Value x) {
        return new Attended(
                query(attention, x, "to_q", "norm_q"),
                query(attention, x, "to_k", "norm_k"),
                attention.linear(x, "to_v", width));
    }

    private Value query(Graph g, Value x, String linear, String norm) {
        var q = g.linear(x, linear, width);
        return normed ? g.rmsNorm(q, norm, heads, Modulation.EPS) : q;
    }

    /** The residual of an attention, by its gate. */
    static Value attended(Graph g, Value x, Value attended, List<Value> parts) {
        return Modulation.gated(g, x, attended, parts.get(2));
    }

    /** The feed-forward layer, its norm and its gate. */
    static Value fed(Graph g, Value x, List<Value> parts, Graph feedForward) {
        var h = Modulation.normed(g, x, parts.get(3), parts.get(4));
        return Modulation.gated(g, x, Modulation.feedForward(feedForward, h), parts.get(5));
    }
}
