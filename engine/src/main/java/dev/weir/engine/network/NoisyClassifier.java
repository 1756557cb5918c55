package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The classifier of noisy pictures of guided diffusion (Dhariwal and Nichol 2021, arXiv 2105.05233): the way down and the middle of a
 * UNet, and attention that makes one vector of what they see. It has no form in diffusers; its class is the repository's.
 *
 * @param side of its pictures, in pixels
 * @param classes that it tells
 * @param poolHead channels of a head of the last attention
 */
record NoisyClassifier(int channels, int side, int classes, TimeEmbedding time, UNet2DBlocks blocks, int poolHead)
        implements Network {

    static final String NAME = "EncoderUNetModel";

    /** The scores of all classes. */
    static final String SCORES = "forward";

    /** The gradient by the picture of the logarithm of a label's probability. */
    static final String GRADIENT = "gradient";

    static NoisyClassifier read(JsonNode json) {
        var config = new Config(NAME, json);
        var blocks = UNet2DBlocks.readEncoder(config);
        int side = config.integer("sample_size");
        int halvings = blocks.channels().size() - 1;
        if (side < 1 || side % (1 << halvings) != 0) {
            throw config.refused("sample_size", "a multiple of " + (1 << halvings));
        }
        var classifier = new NoisyClassifier(
                config.integer("in_channels", 3),
                side,
                config.integer("num_classes"),
                TimeEmbedding.readUnconditional(config, blocks.channels().get(0)),
                blocks,
                config.integer("attention_head_dim"));
        config.refuseTheRest();
        return classifier;
    }

    /** Gradients are of fp32: their rounding adds up over the steps, and packed weights have none. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return new ComputeTarget(wanted.device(), ComputeTarget.Precision.FP32, wanted.engine(), wanted.reason());
    }

    @Override
    public void describe(Script script) {
        var plain = script.method(SCORES, "sample", "timestep");
        plain.returns(scores(plain, sample(plain)));
        var g = script.method(GRADIENT, "sample", "timestep", Tensors.CLASS_LABELS);
        var sample = g.differentiable(sample(g));
        var labels = g.input(Input.Kind.LABELS, Tensors.CLASS_LABELS, 1, 1);
        g.returns(g.labelGradient(scores(g, sample), labels, sample));
    }

    private Value sample(Graph g) {
        return g.input(Input.Kind.IMAGE, "sample", channels, side * side);
    }

    private Value scores(Graph g, Value sample) { // [B, classes]
        var embedded = time.apply(g);
        var inputs = new BlockInputs(embedded, blocks.activation().apply(g, embedded), Optional.empty());
        var x = g.conv2d(g.castImage(sample), "conv_in", blocks.channels().get(0), 3);
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        var down = blocks.down(new SkipLevel.Picture(Optional.empty()));
        for (int i = 0; i < down.size(); i++) {
            x = down.get(i).down(g.at("down_blocks." + i), x, inputs, skips);
        }
        x = blocks.middle().apply(g.at("mid_block"), x, inputs);
        return pool(g.at("pool"), g.silu(g.groupNorm(x, "conv_norm_out", blocks.groupsOf(x.channels()), blocks.eps())));
    }

    /** What the mean of all pixels attends to, as in CLIP's image encoders. */
    private Value pool(Graph g, Value image) {
        var pixels = g.tokens(image);
        int places = (side >> blocks.channels().size() - 1)
                * (side >> blocks.channels().size() - 1);
        var x = g.offsetTokens(g.concatTokens(g.meanOfTokens(pixels), pixels), "positional_embedding", places + 1);
        int width = image.channels();
        var attended = g.attention(
                g.linear(x, "to_q", width),
                g.linear(x, "to_k", width),
                g.linear(x, "to_v", width),
                g.headsOf(x, poolHead),
                Mask.NONE);
        return g.token(g.linear(attended, "c_proj", classes), 0);
    }
}
