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
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * PixArt-alpha and -Sigma (Chen et al. 2023, arXiv 2310.00426; 2024, arXiv 2403.04692): a transformer over the patches of a latent that
 * attends to a text. All blocks share what the timestep becomes, to which each adds a table of its own. It predicts the noise; where it
 * has channels for a variance as well, these are left out, as its pipeline does.
 *
 * @param channels of the latent
 * @param outChannels that its last layer gives: as many, or twice as many
 * @param side of the latent with which it was trained
 * @param patch latent pixels of a token each way
 * @param states width of the text's states
 * @param sized whether it is told the picture's size and proportions
 * @param biased whether queries, keys and values have biases
 * @param eps of the norms in the blocks
 * @param upcastsAttention in fp32, whatever the rest is in
 */
record PixArtTransformer(
        int channels,
        int outChannels,
        int side,
        int patch,
        int heads,
        int width,
        int layers,
        int states,
        boolean sized,
        boolean biased,
        double interpolation,
        double eps,
        boolean upcastsAttention)
        implements DenoisingNetwork {

    static final String NAME = "PixArtTransformer2DModel";

    private static final String RESOLUTION = "resolution";
    private static final String ASPECT_RATIO = "aspect_ratio";
    private static final String POSITIONS = "positions";
    private static final String TABLE = "scale_shift_table";
    private static final int TIME_WIDTH = 256;
    /** The side of latents from which on networks are told sizes where their configuration does not say. */
    private static final int LARGE = 128;

    private static final double LAST_EPS = 1e-6;

    static PixArtTransformer read(JsonNode json) {
        var config = new Config(NAME, json);
        config.oneOf("norm_type", "ada_norm_single", List.of("ada_norm_single"));
        config.oneOf("activation_fn", "gelu-approximate", List.of("gelu-approximate"));
        config.oneOf("attention_type", "default", List.of("default"));
        if (config.bool("norm_elementwise_affine", false)) {
            throw config.refused("norm_elementwise_affine", "false");
        }
        int channels = config.integer("in_channels", 4);
        int out = config.isNull("out_channels") ? channels : config.integer("out_channels", 8);
        if (out != channels && out != 2 * channels) {
            throw config.refused("out_channels", "in_channels, or twice as many with a variance");
        }
        int heads = config.integer("num_attention_heads", 16);
        int width = heads * config.integer("attention_head_dim", 72);
        if (width % 12 != 0) {
            throw config.refused("attention_head_dim", "a product with num_attention_heads that is a multiple of 12");
        }
        if (config.integer("cross_attention_dim", 1152) != width) {
            throw config.refused(
                    "cross_attention_dim", "num_attention_heads times attention_head_dim, %d".formatted(width));
        }
        int side = config.integer("sample_size", 128);
        var network = new PixArtTransformer(
                channels,
                out,
                side,
                config.integer("patch_size", 2),
                heads,
                width,
                config.integer("num_layers", 28),
                config.integer("caption_channels"),
                config.bool("use_additional_conditions", side == LARGE),
                config.bool("attention_bias", true),
                config.integer("interpolation_scale", Math.max(1, side / 64)),
                config.number("norm_eps", 1e-6),
                config.bool("upcast_attention", false));
        config.ignore("dropout", "norm_num_groups", "num_embeds_ada_norm", "use_linear_projection");
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        return sized
                ? List.of(text(), GraphInputs.rows(RESOLUTION, 2), GraphInputs.rows(ASPECT_RATIO, 1))
                : List.of(text());
    }

    /** Texts of all lengths share a forward. */
    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.PAD);
    }

    @Override
    public long places(long pixels) {
        return pixels / ((long) patch * patch);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return NetworkDenoiser.ofTransformer(network, channels, channels, inputs(), this::positions);
    }

    private List<Feed> positions(LatentShape shape) {
        return new SinePositions(width, side / patch, interpolation).of(shape.height() / patch, shape.width() / patch);
    }

    @Override
    public void describe(Script script) {
        if (upcastsAttention) {
            script.upcastAttention();
        }
        var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
        names.add(POSITIONS);
        var g = script.method(NetworkDenoiser.FORWARD, names.toArray(String[]::new));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, side * side)); // [B, C, h, w]
        var mask = GraphInputs.mask(g, text());
        var text = caption(g.at("caption_projection"), g.cast(GraphInputs.of(g, text()))); // [B, S, D]
        var patches = g.conv2d(sample, "pos_embed.proj", width, patch, patch, 0); // [B, D, h / p, w / p]
        var positions = g.cast(g.input(Input.Kind.SEQUENCE, POSITIONS, width, patches.positions())); // [1, T, D]
        var x = g.add(g.tokens(patches), positions); // [B, T, D]
        var time = time(g.at("adaln_single.emb")); // [B, D], in fp32
        var shared = g.unflat(g.linear(g.cast(g.silu(time)), "adaln_single.linear", 6 * width), 6); // [B, 6, D]
        for (int i = 0; i < layers; i++) {
            x = block(g.at("transformer_blocks." + i), x, text, mask, shared);
        }
        var one = g.unflat(g.cast(time), 1); // [B, 1, D]
        var last = parts(g, g.concatTokens(one, one), 2);
        x = Modulation.modulated(g, g.layerNorm(x, LAST_EPS), last.get(0), last.get(1));
        x = g.linear(x, "proj_out", outChannels * patch * patch);
        g.returns(g.narrow(g.shuffle(g.image(x, patches), patch, true), 0, channels));
    }

    private Value caption(Graph g, Value states) {
        return g.linear(g.geluTanh(g.linear(states, "linear_1", width)), "linear_2", width);
    }

    /** Of the timestep, the picture's sides and their proportion. */
    private Value time(Graph g) {
        var time = TimeEmbedding.mlp(
                g.at("timestep_embedder"),
                g.timestepEmbedding(TimeEmbedding.timestep(g), TIME_WIDTH, true, 0),
                width,
                Activation.SILU);
        return sized
                ? g.add(
                        time,
                        g.concat(
                                sizes(g, RESOLUTION, 2, "resolution_embedder"),
                                sizes(g, ASPECT_RATIO, 1, "aspect_ratio_embedder")))
                : time;
    }

    /** Each number's embedding, one after the other, {@code [B, count * D / 3]}. */
    private Value sizes(Graph g, String name, int count, String embedder) {
        var numbers = GraphInputs.of(g, GraphInputs.rows(name, count));
        var embedded = g.timestepEmbedding(numbers, TIME_WIDTH, true, 0); // [B, count, 256]
        return g.flat(TimeEmbedding.mlp(g.at(embedder), embedded, width / 3, Activation.SILU));
    }

    /** With the weights of a table added, a token each, {@code [B, 1, D]}. */
    private static List<Value> parts(Graph g, Value tokens, int count) {
        var all = g.offsetTokens(tokens, TABLE, count);
        return IntStream.range(0, count)
                .mapToObj(part -> g.someTokens(all, part, 1))
                .toList();
    }

    /** The text's attention has no norm. */
    private Value block(Graph g, Value x, Value text, Mask mask, Value shared) {
        var parts = parts(g, shared, 6);
        var h = Modulation.modulated(g, g.layerNorm(x, eps), parts.get(0), parts.get(1));
        x = Modulation.gated(g, x, attended(g.at("attn1"), h, h, Mask.NONE), parts.get(2));
        x = g.add(x, attended(g.at("attn2"), x, text, mask));
        h = Modulation.modulated(g, g.layerNorm(x, eps), parts.get(3), parts.get(4));
        return Modulation.gated(g, x, Modulation.feedForward(g.at("ff"), h), parts.get(5));
    }

    private Value attended(Graph g, Value x, Value seen, Mask mask) {
        var attended = g.attention(
                g.linear(x, "to_q", width, biased),
                g.linear(seen, "to_k", width, biased),
                g.linear(seen, "to_v", width, biased),
                heads,
                mask);
        return g.linear(attended, "to_out.0", width);
    }
}
