package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The denoiser of models without text (Ho et al. 2020; Song et al. 2021; Dhariwal and Nichol 2021), as diffusers'
 * {@code UNet2DModel}: levels on the way down, a middle, and the same levels on the way up.
 *
 * @param pixels of a sample at the network's native size
 * @param blocks what its levels are made of
 */
record UNet2DModel(
        int inChannels,
        int outChannels,
        int pixels,
        boolean centerInput,
        TimeEmbedding time,
        Optional<ClassEmbedding> classes,
        UNet2DBlocks blocks)
        implements DenoisingNetwork {

    static final String NAME = "UNet2DModel";

    static UNet2DModel read(JsonNode json) {
        var config = new Config(NAME, json);
        var blocks = UNet2DBlocks.read(config);
        var time = TimeEmbedding.readUnconditional(config, blocks.channels().get(0));
        if (config.has("class_embed_type")) {
            config.oneOf("class_embed_type", null, List.of("timestep", "identity"));
        }
        var sides = config.integers("sample_size", 2, 32);
        config.ignore("dropout", "num_train_timesteps");
        var network = new UNet2DModel(
                config.integer("in_channels", 3),
                config.integer("out_channels", 3),
                sides.get(0) * sides.get(1),
                config.bool("center_input_sample", false),
                time,
                ClassEmbedding.read(config, time.width()),
                blocks);
        config.refuseTheRest();
        return network;
    }

    @Override
    public int width() {
        return blocks.channels().get(0);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        int labels = classes.map(ClassEmbedding::count).orElse(0);
        return new NetworkDenoiser(network, inChannels, outChannels, inputs(), labels);
    }

    @Override
    public List<NetworkInput> inputs() {
        var inputs = new ArrayList<NetworkInput>();
        inputs.add(new NetworkInput(
                Tensors.CONCAT, List.of(NetworkInput.ANY, NetworkInput.ANY, NetworkInput.ANY), Join.CONCAT));
        classes.ifPresent(embedding -> inputs.add(embedding.input()));
        return inputs;
    }

    /** Old files have the frequencies of Fourier features twice. */
    @Override
    public boolean spare(String weight) {
        return weight.equals("time_proj.W");
    }

    @Override
    public void describe(Script script) {
        var g = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", inChannels, pixels)); // [B, C, H, W]
        if (centerInput) {
            sample = g.shift(g.scale(sample, 2), -1);
        }
        var embedded = time.apply(g); // [B, E]
        if (classes.isPresent()) {
            embedded = classes.get().join(g, embedded, time);
        }
        var inputs =
                new BlockInputs(g.cast(embedded), g.cast(blocks.activation().apply(g, embedded)), Optional.empty());
        var x = levels(g, sample, inputs);
        g.returns(
                time.projection() == TimeEmbedding.Projection.LOG_FOURIER
                        ? g.divideRows(g.exact(x), TimeEmbedding.timestep(g)) // a noise level
                        : x);
    }

    private Value levels(Graph g, Value sample, BlockInputs inputs) {
        var x = g.conv2d(sample, "conv_in", blocks.channels().get(0), 3);
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        skips.push(Optional.of(x));
        var seen = new SkipLevel.Picture(Optional.of(sample));
        var down = blocks.down(seen);
        for (int i = 0; i < down.size(); i++) {
            x = down.get(i).down(g.at("down_blocks." + i), x, inputs, skips);
        }
        if (blocks.hasMiddle()) {
            x = blocks.middle().apply(g.at("mid_block"), x, inputs);
        }
        var made = new SkipLevel.Picture(Optional.empty());
        var up = blocks.up(made);
        for (int i = 0; i < up.size(); i++) {
            x = up.get(i).up(g.at("up_blocks." + i), x, inputs, skips);
        }
        x = g.silu(g.groupNorm(x, "conv_norm_out", blocks.groupsOf(x.channels()), blocks.eps()));
        var out = g.conv2d(x, "conv_out", outChannels, 3);
        return made.value().map(picture -> g.add(out, picture)).orElse(out);
    }
}
