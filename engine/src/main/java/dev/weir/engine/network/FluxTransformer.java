package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.JointBlock.Attended;
import dev.weir.engine.network.JointBlock.Streams;
import java.util.ArrayList;
import java.util.List;

/**
 * The transformer of Flux.1: blocks in which text and picture have weights of their own and attend to each other, then blocks over both
 * as one sequence. A token of the picture is two by two pixels of the latent.
 *
 * @param channels of the latent
 * @param doubles blocks of the first kind
 * @param singles blocks of the second kind
 * @param states width of the text's states
 * @param pooled width of the text's vector
 * @param guided whether it takes the guidance scale
 */
record FluxTransformer(
        int channels,
        int heads,
        int width,
        int doubles,
        int singles,
        int states,
        int pooled,
        boolean guided,
        Rotary rotary)
        implements DenoisingNetwork {

    static final String NAME = "FluxTransformer2DModel";

    /** Latent pixels of a token each way. */
    static final int PATCH = 2;

    static final String POOLED = "pooled_projections";
    static final String GUIDANCE = "guidance";

    private static final int TIME_WIDTH = 256;
    private static final double THETA = 10_000;
    private static final double TRAIN_TIMESTEPS = 1000;
    private static final int NOMINAL_TEXT = 512;

    static FluxTransformer read(JsonNode json) {
        var config = new Config(NAME, json);
        int packed = config.integer("in_channels", 64);
        if (packed % (PATCH * PATCH) != 0) {
            throw config.refused("in_channels", "a multiple of 4");
        }
        if (config.integer("patch_size", 1) != 1) {
            throw config.refused("patch_size", "1");
        }
        if (config.integer("out_channels", packed) != packed) {
            throw config.refused("out_channels", "as many as in_channels");
        }
        int heads = config.integer("num_attention_heads", 24);
        int headWidth = config.integer("attention_head_dim", 128);
        var rotary = new Rotary(config.integers("axes_dims_rope", List.of(16, 56, 56)), THETA);
        if (rotary.axes().size() != 3
                || rotary.width() != headWidth
                || rotary.axes().stream().anyMatch(axis -> axis % 2 != 0)) {
            throw config.refused("axes_dims_rope", "three even widths that make attention_head_dim");
        }
        var network = new FluxTransformer(
                packed / (PATCH * PATCH),
                heads,
                heads * headWidth,
                config.integer("num_layers", 19),
                config.integer("num_single_layers", 38),
                config.integer("joint_attention_dim", 4096),
                config.integer("pooled_projection_dim", 768),
                config.bool("guidance_embeds", false),
                rotary);
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        var inputs = new ArrayList<>(List.of(text(), GraphInputs.rows(POOLED, pooled)));
        if (guided) {
            inputs.add(GraphInputs.rows(GUIDANCE, 1));
        }
        return inputs;
    }

    /** All texts are padded to one length. */
    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK);
    }

    @Override
    public long places(long pixels) {
        return pixels / (PATCH * PATCH) + NOMINAL_TEXT;
    }

    /** Streams of the published weights, which are bf16, overflow fp16. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return wanted.insteadOfFp16(Precision.BF16);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return NetworkDenoiser.ofTransformer(
                network, channels, channels, inputs(), shape -> rotary.feeds(shape, PATCH));
    }

    @Override
    public void describe(Script script) {
        var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
        names.addAll(List.of(Rotary.COSINES, Rotary.SINES));
        var g = script.method(NetworkDenoiser.FORWARD, names.toArray(String[]::new));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, 128 * 128)); // [B, C, h, w]
        var packed = g.unshuffle(sample, PATCH); // [B, 4 C, h / 2, w / 2]
        var x = g.linear(g.tokens(packed), "x_embedder", width); // [B, T, D]
        var text = g.linear(g.cast(GraphInputs.of(g, text())), "context_embedder", width); // [B, S, D]
        var embedding = g.cast(g.silu(embedding(g))); // [B, D]
        var turns = Turns.inputs(g, rotary, x.positions()).padBefore(g, text);
        var both = new Streams(text, x);
        for (int i = 0; i < doubles; i++) {
            both = twoStreams(g.at("transformer_blocks." + i), both, embedding, turns);
        }
        var joined = g.concatTokens(both.text(), both.picture());
        for (int i = 0; i < singles; i++) {
            joined = oneStream(g.at("single_transformer_blocks." + i), joined, embedding, turns);
        }
        x = g.trailing(joined, text);
        var last = Modulation.parts(g, embedding, "norm_out.linear", width, 2);
        x = g.linear(Modulation.normed(g, x, last.get(1), last.get(0)), "proj_out", channels * PATCH * PATCH);
        g.returns(g.shuffle(g.image(x, packed), PATCH, false));
    }

    /** Of the timestep, the guidance scale and the text's vector, {@code [B, D]} in fp32. */
    private Value embedding(Graph g) {
        var block = g.at("time_text_embed");
        var x = mlp(block.at("timestep_embedder"), g.timestepEmbedding(TimeEmbedding.timestep(g), TIME_WIDTH, true, 0));
        if (guided) {
            var scale = g.scale(GraphInputs.of(g, GraphInputs.rows(GUIDANCE, 1)), TRAIN_TIMESTEPS); // [B, 1]
            x = g.add(x, mlp(block.at("guidance_embedder"), g.flat(g.timestepEmbedding(scale, TIME_WIDTH, true, 0))));
        }
        return g.add(x, mlp(block.at("text_embedder"), GraphInputs.of(g, GraphInputs.rows(POOLED, pooled))));
    }

    private Value mlp(Graph g, Value x) {
        return TimeEmbedding.mlp(g, x, width, Activation.SILU);
    }

    private Streams twoStreams(Graph g, Streams both, Value embedding, Turns turns) {
        var own = Modulation.parts(g, embedding, "norm1.linear", width, 6);
        var texts = Modulation.parts(g, embedding, "norm1_context.linear", width, 6);
        var h = Modulation.normed(g, both.picture(), own.get(0), own.get(1));
        var c = Modulation.normed(g, both.text(), texts.get(0), texts.get(1));
        var a = g.at("attn");
        var attended = attention(g, block().joined(a, c, h), turns);
        var seen = a.linear(g.trailing(attended, both.text()), "to_out.0", width);
        var read = a.linear(g.leading(attended, both.text()), "to_add_out", width);
        var text = JointBlock.attended(g, both.text(), read, texts);
        var picture = JointBlock.attended(g, both.picture(), seen, own);
        return new Streams(
                JointBlock.fed(g, text, texts, g.at("ff_context")), JointBlock.fed(g, picture, own, g.at("ff")));
    }

    private Value oneStream(Graph g, Value x, Value embedding, Turns turns) {
        var parts = Modulation.parts(g, embedding, "norm.linear", width, 3);
        var h = Modulation.normed(g, x, parts.get(0), parts.get(1));
        var a = g.at("attn");
        var attended = attention(g, block().alone(a, h), turns);
        var inner = g.geluTanh(g.linear(h, "proj_mlp", 4 * width));
        return Modulation.gated(g, x, g.linear(g.concatChannels(attended, inner), "proj_out", width), parts.get(2));
    }

    private JointBlock block() {
        return new JointBlock(heads, width, true);
    }

    private Value attention(Graph g, Attended of, Turns turns) {
        return g.attention(
                turns.of(g, of.queries(), heads), turns.of(g, of.keys(), heads), of.values(), heads, Mask.NONE);
    }
}
