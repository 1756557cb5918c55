package dev.weir.engine.network;

import static dev.weir.engine.NetworkInput.ANY;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.Transformer2D.Prompt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

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

    /** What it takes besides the sample and the timestep, in the order of its method's inputs. */
    List<NetworkInput> inputs() {
        var inputs = new ArrayList<NetworkInput>();
        inputs.add(new NetworkInput(Tensors.CONCAT, List.of(ANY, ANY, ANY), Join.CONCAT));
        inputs.add(new NetworkInput(Tensors.ENCODER_HIDDEN_STATES, List.of(ANY, config.contextWidth()), Join.PAD));
        if (config.classes() != UNetConfig.Classes.NONE) {
            inputs.add(new NetworkInput(Tensors.CLASS_LABELS, List.of(), Join.STACK));
        }
        return inputs;
    }

    @Override
    public Denoiser runBy(Executable network) {
        int classes = config.classes() == UNetConfig.Classes.TABLE ? config.classCount() : 0;
        return new NetworkDenoiser(network, config.inChannels(), config.outChannels(), inputs(), classes);
    }

    @Override
    public void describe(Script script) {
        var g = config.classes() == UNetConfig.Classes.NONE
                ? script.method(NetworkDenoiser.FORWARD, "sample", "timestep", "context", "kept")
                : script.method(NetworkDenoiser.FORWARD, "sample", "timestep", "context", "kept", "label");
        int pixels = config.sampleSize() * config.sampleSize();
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", config.inChannels(), pixels)); // [B, C, H, W]
        if (config.centerInput()) {
            sample = g.shift(g.scale(sample, 2), -1);
        }
        var context =
                g.input(Input.Kind.SEQUENCE, "context", config.contextWidth(), UNetConfig.NOMINAL_TOKENS); // [B, T, D]
        var prompt = new Prompt(g.cast(context), g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, 1)));
        var timestep = g.cast(g.silu(timestep(g))); // [B, E]

        var x = g.conv2d(sample, "conv_in", config.levels().get(0).channels(), config.convInKernel());
        Deque<Value> skips = new ArrayDeque<>();
        skips.push(x);
        for (int i = 0; i < config.levels().size(); i++) {
            x = down(
                    g.at("down_blocks." + i),
                    x,
                    timestep,
                    prompt,
                    config.levels().get(i),
                    skips);
        }
        x = middle(g.at("mid_block"), x, timestep, prompt);
        for (int i = 0; i < config.levels().size(); i++) {
            x = up(g.at("up_blocks." + i), x, timestep, prompt, config.upLevel(i), skips);
        }
        x = g.silu(g.groupNorm(x, "conv_norm_out", config.groups(), config.eps()));
        g.returns(g.conv2d(x, "conv_out", config.outChannels(), config.convOutKernel())); // [B, C, H, W]
    }

    /** The timestep's embedding, and the class label's, in fp32. */
    private Value timestep(Graph g) {
        var embedded = mlp(g.at("time_embedding"), sinusoids(g, g.input(Input.Kind.NUMBERS, "timestep", 1, 1)));
        return switch (config.classes()) {
            case NONE -> embedded;
            case TABLE ->
                g.add(
                        embedded,
                        g.exactEmbedding(
                                g.input(Input.Kind.LABELS, "label", 1, 1),
                                "class_embedding",
                                config.classCount(),
                                config.timeWidth()));
            case TIMESTEP ->
                g.add(
                        embedded,
                        mlp(g.at("class_embedding"), sinusoids(g, g.exact(g.input(Input.Kind.LABELS, "label", 1, 1)))));
        };
    }

    private Value sinusoids(Graph g, Value timestep) {
        return g.timestepEmbedding(
                timestep, config.levels().get(0).channels(), config.cosineFirst(), config.frequencyShift());
    }

    private Value mlp(Graph g, Value x) {
        x = g.silu(g.exactLinear(x, "linear_1", config.timeWidth()));
        return g.exactLinear(x, "linear_2", config.timeWidth());
    }

    private Value down(Graph g, Value x, Value timestep, Prompt prompt, UNetConfig.Level level, Deque<Value> skips) {
        var resnet = new ResnetBlock2D(config.groups(), config.eps(), 1);
        for (int j = 0; j < level.resnets(); j++) {
            x = resnet.apply(g.at("resnets." + j), x, timestep, level.channels());
            if (level.attends()) {
                x = config.transformer(level).apply(g.at("attentions." + j), x, prompt);
            }
            skips.push(x);
        }
        if (!level.last()) { // to half the size
            int padding = config.downsamplePadding();
            var padded = padding == 0 ? g.padBottomRight(x) : x;
            x = g.conv2d(padded, "downsamplers.0.conv", level.channels(), 3, 2, padding);
            skips.push(x);
        }
        return x;
    }

    private Value middle(Graph g, Value x, Value timestep, Prompt prompt) {
        var level = config.middle();
        var resnet = new ResnetBlock2D(config.groups(), config.eps(), config.midScale());
        x = resnet.apply(g.at("resnets.0"), x, timestep, level.channels());
        for (int j = 0; j < level.resnets(); j++) {
            x = config.transformer(level).apply(g.at("attentions." + j), x, prompt);
            x = resnet.apply(g.at("resnets." + (j + 1)), x, timestep, level.channels());
        }
        return x;
    }

    private Value up(Graph g, Value x, Value timestep, Prompt prompt, UNetConfig.Level level, Deque<Value> skips) {
        var resnet = new ResnetBlock2D(config.groups(), config.eps(), 1);
        for (int j = 0; j < level.resnets(); j++) {
            x = resnet.apply(g.at("resnets." + j), g.concat(x, skips.pop()), timestep, level.channels());
            if (level.attends()) {
                x = config.transformer(level).apply(g.at("attentions." + j), x, prompt);
            }
        }
        if (!level.last()) { // to the next level's size, which need not be twice this one's
            x = g.conv2d(g.upsampleTo(x, skips.peek()), "upsamplers.0.conv", level.channels(), 3);
        }
        return x;
    }
}
