package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Optional;

/**
 * Two transformers side by side, each with its own part of the prompt (Xu et al. 2022). The image gets half of what each of them
 * adds.
 */
record DualTransformer2D(int heads, int groups) implements BlockAttention {

    /** Tokens of the text, and of the picture after it. diffusers has them fixed. */
    private static final int TEXT = 77;

    private static final int PICTURE = 257;

    @Override
    public Value apply(Graph g, Value image, BlockInputs inputs) {
        var states = inputs.prompt().orElseThrow().states();
        var transformer = new Transformer2D(heads, 1, groups, false, false);
        var text = transformer.change(
                g.at("transformers.1"), image, new AttentionContext(g.someTokens(states, 0, TEXT)), Optional.empty());
        var picture = transformer.change(
                g.at("transformers.0"),
                image,
                new AttentionContext(g.someTokens(states, TEXT, PICTURE)),
                Optional.empty());
        return g.add(g.scale(g.add(text, picture), 0.5), image);
    }
}
