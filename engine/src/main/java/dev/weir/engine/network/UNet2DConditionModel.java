package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The denoiser of Stable Diffusion and its kin (Rombach et al. 2022): an image goes down through levels of half the size
 * each, through the middle, and up again, where each level also sees what passed it on the way down.
 */
final class UNet2DConditionModel implements DenoisingNetwork {

    private final UNetConfig config;

    UNet2DConditionModel(UNetConfig config) {
        this.config = config;
    }

    static UNet2DConditionModel read(JsonNode config) {
        return new UNet2DConditionModel(UNetConfig.read(config));
    }

    @Override
    public List<NetworkInput> inputs() {
        return config.inputs();
    }

    @Override
    public int width() {
        return config.channels();
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        int labels = config.classes().map(ClassEmbedding::count).orElse(0);
        return new NetworkDenoiser(network, config.inChannels(), config.outChannels(), inputs(), labels);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        var states =
                config.prompt().map(input -> new Prompt(g.cast(GraphInputs.of(g, input)), GraphInputs.mask(g, input)));
        var time = time(g, states); // [B, E]
        var prompt = config.projection().map(projection -> projection.apply(g, states));
        var inputs = new BlockInputs(g.cast(time), g.cast(config.activation().apply(g, time)), prompt);

        var x = g.conv2d(sample(g), "conv_in", config.channels(), config.convInKernel());
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        skips.push(Optional.of(x));
        for (int i = 0; i < config.down().size(); i++) {
            x = config.down().get(i).down(g.at("down_blocks." + i), x, inputs, skips);
        }
        if (config.middle().isPresent()) {
            x = config.middle().get().apply(g.at("mid_block"), x, inputs);
        }
        for (int i = 0; i < config.up().size(); i++) {
            x = config.up().get(i).up(g.at("up_blocks." + i), x, inputs, skips);
        }
        if (config.groups() > 0) {
            x = config.activation().apply(g, g.groupNorm(x, "conv_norm_out", config.groups(), config.eps()));
        }
        g.returns(g.conv2d(x, "conv_out", config.outChannels(), config.convOutKernel())); // [B, C, H, W]
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
    private Value time(Graph g, Optional<Prompt> states) {
        var embedded = config.time().apply(g);
        if (config.classes().isPresent()) {
            embedded = config.classes().get().join(g, embedded, config.time());
        }
        if (config.added().isPresent()) {
            var more = config.added().get().apply(g, config.time(), states.map(Prompt::states));
            embedded = g.add(embedded, more);
        }
        return config.timeActivation().isPresent()
                ? config.timeActivation().get().apply(g, embedded)
                : embedded;
    }
}
