package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.JointBlock.Attended;
import dev.weir.engine.network.JointBlock.Streams;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The transformer of Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv 2403.03206): in each block text and picture have weights of
 * their own and attend to each other. The last block leaves the text.
 *
 * @param channels of the latent
 * @param patch latent pixels of a token each way
 * @param dual the blocks in which the picture also attends to itself alone
 * @param normed whether queries and keys are normed
 * @param states width of the text's states
 * @param pooled width of the text's vector
 * @param most tokens each way that have a position
 */
record Sd3Transformer(
        int channels,
        int patch,
        int heads,
        int width,
        int layers,
        Set<Integer> dual,
        boolean normed,
        int states,
        int pooled,
        int most)
        implements DenoisingNetwork {

    static final String NAME = "SD3Transformer2DModel";
    static final String POOLED = "pooled_projections";

    private static final String PLACES = "places";
    private static final int TIME_WIDTH = 256;
    private static final int NOMINAL_TEXT = 333;

    static Sd3Transformer read(JsonNode json) {
        var config = new Config(NAME, json);
        int channels = config.integer("in_channels", 16);
        if (config.integer("out_channels", 16) != channels) {
            throw config.refused("out_channels", "as many as in_channels");
        }
        int heads = config.integer("num_attention_heads", 18);
        int width = heads * config.integer("attention_head_dim", 64);
        if (config.integer("caption_projection_dim", 1152) != width) {
            throw config.refused(
                    "caption_projection_dim", "num_attention_heads times attention_head_dim, %d".formatted(width));
        }
        var network = new Sd3Transformer(
                channels,
                config.integer("patch_size", 2),
                heads,
                width,
                config.integer("num_layers", 18),
                config.json("dual_attention_layers").isEmpty()
                        ? Set.of()
                        : new HashSet<>(config.wholes("dual_attention_layers", List.of())),
                config.has("qk_norm")
                        && !config.oneOf("qk_norm", "rms_norm", List.of("rms_norm"))
                                .isEmpty(),
                config.integer("joint_attention_dim", 4096),
                config.integer("pooled_projection_dim", 2048),
                config.integer("pos_embed_max_size", 96));
        config.ignore("sample_size");
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(text(), GraphInputs.rows(POOLED, pooled));
    }

    /** All texts are padded to one length. */
    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK);
    }

    @Override
    public long places(long pixels) {
        return pixels / ((long) patch * patch) + NOMINAL_TEXT;
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return NetworkDenoiser.ofTransformer(network, channels, channels, inputs(), this::places);
    }

    /** The middle of the table of positions. */
    private List<Feed> places(LatentShape shape) {
        int rows = shape.height() / patch;
        int columns = shape.width() / patch;
        if (rows > most || columns > most) {
            throw new IllegalArgumentException("%s has %d by %d tokens; the transformer has positions for %d each way"
                    .formatted(shape, rows, columns, most));
        }
        int top = (most - rows) / 2;
        int left = (most - columns) / 2;
        return List.of(Feed.longs(
                bytes -> {
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < columns; column++) {
                            bytes.putLong((long) (top + row) * most + left + column);
                        }
                    }
                },
                1,
                (long) rows * columns));
    }

    @Override
    public void describe(Script script) {
        var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
        names.add(PLACES);
        var g = script.method(NetworkDenoiser.FORWARD, names.toArray(String[]::new));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, 128 * 128)); // [B, C, h, w]
        var patches = g.conv2d(sample, "pos_embed.proj", width, patch, patch, 0); // [B, D, h / p, w / p]
        var places = g.input(Input.Kind.IDS, PLACES, 1, patches.positions()); // [1, T]
        var x = g.add(g.tokens(patches), g.positions(places, "pos_embed.pos_embed", most * most, width)); // [B, T, D]
        var text = g.linear(g.cast(GraphInputs.of(g, text())), "context_embedder", width); // [B, S, D]
        var embedding = g.cast(g.silu(embedding(g))); // [B, D]
        for (int i = 0; i < layers; i++) {
            var both = block(
                    g.at("transformer_blocks." + i),
                    new Streams(text, x),
                    embedding,
                    dual.contains(i),
                    i == layers - 1);
            text = both.text();
            x = both.picture();
        }
        var last = Modulation.parts(g, embedding, "norm_out.linear", width, 2);
        x = g.linear(Modulation.normed(g, x, last.get(1), last.get(0)), "proj_out", channels * patch * patch);
        g.returns(g.shuffle(g.image(x, patches), patch, true));
    }

    /** Of the timestep and the text's vector, {@code [B, D]} in fp32. */
    private Value embedding(Graph g) {
        var block = g.at("time_text_embed");
        var time = g.timestepEmbedding(TimeEmbedding.timestep(g), TIME_WIDTH, true, 0);
        return g.add(
                TimeEmbedding.mlp(block.at("timestep_embedder"), time, width, Activation.SILU),
                TimeEmbedding.mlp(
                        block.at("text_embedder"),
                        GraphInputs.of(g, GraphInputs.rows(POOLED, pooled)),
                        width,
                        Activation.SILU));
    }

    private Streams block(Graph g, Streams both, Value embedding, boolean isDual, boolean isLast) {
        var own = Modulation.parts(g, embedding, "norm1.linear", width, isDual ? 9 : 6);
        var texts = Modulation.parts(g, embedding, "norm1_context.linear", width, isLast ? 2 : 6);
        var plain = g.layerNorm(both.picture(), Modulation.EPS);
        var h = Modulation.modulated(g, plain, own.get(0), own.get(1));
        // The last block has the scale before the shift.
        var c = Modulation.normed(g, both.text(), texts.get(isLast ? 1 : 0), texts.get(isLast ? 0 : 1));
        var joint = new JointBlock(heads, width, normed);
        var a = g.at("attn");
        var attended = attention(g, joint.joined(a, c, h));
        var seen = a.linear(g.trailing(attended, both.text()), "to_out.0", width);
        var x = JointBlock.attended(g, both.picture(), seen, own);
        if (isDual) {
            var alone = Modulation.modulated(g, plain, own.get(6), own.get(7));
            x = Modulation.gated(g, x, alone(g.at("attn2"), joint, alone), own.get(8));
        }
        x = JointBlock.fed(g, x, own, g.at("ff"));
        if (isLast) {
            return new Streams(both.text(), x);
        }
        var read = a.linear(g.leading(attended, both.text()), "to_add_out", width);
        var text = JointBlock.attended(g, both.text(), read, texts);
        return new Streams(JointBlock.fed(g, text, texts, g.at("ff_context")), x);
    }

    private Value alone(Graph a, JointBlock joint, Value x) {
        return a.linear(attention(a, joint.alone(a, x)), "to_out.0", width);
    }

    private Value attention(Graph g, Attended of) {
        return g.attention(of.queries(), of.keys(), of.values(), heads, Mask.NONE);
    }
}
