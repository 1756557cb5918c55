package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The way down of a UNet, and its middle. A ControlNet has the same. */
record UNetEncoder(UNetConfig config) {

    /** What every block sees besides the image. */
    BlockInputs inputs(Graph g, Optional<ImagePrompts> images) {
        var states = config.prompt()
                .map(input -> new AttentionContext(g.cast(GraphInputs.of(g, input)), GraphInputs.mask(g, input)));
        var time = time(g, states); // [B, E]
        var prompt = config.projection().map(projection -> projection.apply(g, states));
        return new BlockInputs(
                g.cast(time),
                g.cast(config.activation().apply(g, time)),
                prompt,
                images.map(prompts -> prompts.attention(g)),
                Optional.empty());
    }

    /** The sample as the first level sees it. */
    Value first(Graph g) {
        return g.conv2d(sample(g), "conv_in", config.channels(), config.convInKernel());
    }

    /**
     * @param features what T2I-Adapters add to each level's image, and last to the middle's; none: nothing
     * @param skips takes what passes the levels by, the first image first
     */
    Value down(Graph g, Value first, BlockInputs inputs, List<Value> features, Deque<Optional<Value>> skips) {
        var x = first;
        skips.push(Optional.of(x));
        for (int i = 0; i < config.down().size(); i++) {
            var own = features.isEmpty() ? inputs : inputs.with(features.get(i));
            x = config.down().get(i).down(g.at("down_blocks." + i), x, own, skips);
        }
        if (config.middle().isPresent()) {
            x = config.middle().get().apply(g.at("mid_block"), x, inputs);
        }
        return features.isEmpty() ? x : g.add(x, features.get(features.size() - 1));
    }

    /** The image with a hint's channels, {@code [B, C, H, W]}. */
    private Value sample(Graph g) {
        var x = g.castImage(g.input(Input.Kind.IMAGE, "sample", config.inChannels(), config.pixels()));
        if (config.centerInput()) {
            x = g.shift(g.scale(x, 2), -1);
        }
        boolean hinted = config.added().map(AddedEmbedding::hintChannels).orElse(0) > 0;
        return hinted ? g.concat(x, Hint.apply(g)) : x;
    }

    /** The embedding of the timestep, of the class and of what else is added, in fp32. */
    private Value time(Graph g, Optional<AttentionContext> states) {
        var embedded = config.time().apply(g);
        if (config.classes().isPresent()) {
            embedded = config.classes().get().join(g, embedded, config.time());
        }
        if (config.added().isPresent()) {
            var more = config.added().get().apply(g, config.time(), states.map(AttentionContext::states));
            embedded = g.add(embedded, more);
        }
        return config.timeActivation().isPresent()
                ? config.timeActivation().get().apply(g, embedded)
                : embedded;
    }
}
