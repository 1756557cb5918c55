package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/**
 * Attention of the pixels to the prompt and to each other at once: the prompt's keys and values stand before the image's own
 * (diffusers' simple cross-attention).
 *
 * @param headWidth channels of one head
 * @param groups of the norm at the entrance
 * @param onlyCross whether pixels see the prompt only
 */
record AddedKvAttention(int headWidth, int groups, boolean onlyCross, PromptNorm norm) implements BlockAttention {

    private static final double EPS = 1e-5;
    private static final int PROMPT_GROUPS = 32;

    /** What is done to the prompt first. */
    enum PromptNorm {
        NONE,
        LAYER,
        /** Over all tokens of the prompt, so that its padding takes part. */
        GROUP
    }

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        int width = image.channels();
        var prompt = inputs.prompt().orElseThrow();
        var states = normed(g, prompt.states()); // [B, T, D]
        var x = g.tokens(g.groupNorm(image, "group_norm", groups, EPS)); // [B, HW, C]
        var k = g.linear(states, "add_k_proj", width); // [B, T, C]
        var v = g.linear(states, "add_v_proj", width);
        var mask = prompt.mask();
        if (!onlyCross) {
            k = g.concatTokens(k, g.linear(x, "to_k", width));
            v = g.concatTokens(v, g.linear(x, "to_v", width));
            mask = g.maskBeside(mask, states, x, false);
        }
        var seen = g.attention(g.linear(x, "to_q", width), k, v, g.headsOf(x, headWidth), mask);
        return g.add(g.image(g.linear(seen, "to_out.0", width), image), image);
    }

    private Value normed(Graph g, Value states) {
        return switch (norm) {
            case NONE -> states;
            case LAYER -> g.layerNorm(states, "norm_cross", EPS);
            case GROUP -> g.tokens(g.groupNorm(g.column(states), "norm_cross", PROMPT_GROUPS, EPS));
        };
    }
}
