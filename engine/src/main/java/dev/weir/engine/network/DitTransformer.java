package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
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
import java.util.Optional;

/**
 * DiT (Peebles and Xie 2022, arXiv 2212.09748): a transformer over the patches of a latent that is told the timestep and a class. It
 * predicts the noise; where it has channels for a variance as well, these are left out, as its pipeline does.
 *
 * @param channels of the latent
 * @param outChannels that its last layer gives: as many, or twice as many
 * @param side of the latent
 * @param patch latent pixels of a token each way
 * @param classes that it knows; the label after the last one is no class
 * @param biased whether queries, keys and values have biases
 * @param eps of the norm before the feed-forward layer
 */
record DitTransformer(
        int channels,
        int outChannels,
        int side,
        int patch,
        int heads,
        int width,
        int layers,
        int classes,
        boolean biased,
        double eps,
        boolean upcastsAttention)
        implements DenoisingNetwork {

    static final String NAME = "DiTTransformer2DModel";

    /** Its name in folders of older versions of diffusers. */
    static final String OLD_NAME = "Transformer2DModel";

    private static final String POSITIONS = "positions";
    private static final int TIME_WIDTH = 256;

    static DitTransformer read(JsonNode json) {
        var config = new Config(NetworkType.className(json), json);
        if (!config.text("norm_type", "").equals("ada_norm_zero")) {
            throw config.refused("norm_type", "ada_norm_zero");
        }
        config.oneOf("activation_fn", "", List.of("gelu-approximate"));
        int channels = config.integer("in_channels");
        int out = config.integer("out_channels", channels);
        if (out != channels && out != 2 * channels) {
            throw config.refused("out_channels", "in_channels, or twice as many with a variance");
        }
        int heads = config.integer("num_attention_heads");
        int width = heads * config.integer("attention_head_dim");
        if (width % 4 != 0) {
            throw config.refused("attention_head_dim", "a product with num_attention_heads that is a multiple of 4");
        }
        int side = config.integer("sample_size");
        int patch = config.integer("patch_size");
        if (side % patch != 0) {
            throw config.refused("patch_size", "a divisor of sample_size");
        }
        var network = new DitTransformer(
                channels,
                out,
                side,
                patch,
                heads,
                width,
                config.integer("num_layers"),
                config.integer("num_embeds_ada_norm"),
                config.bool("attention_bias", false),
                config.number("norm_eps", 1e-5),
                config.bool("upcast_attention", false));
        config.oneOf("attention_type", "default", List.of("default"));
        config.ignore("dropout", "norm_num_groups", "use_linear_projection");
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(label());
    }

    private static NetworkInput label() {
        return GraphInputs.label(Tensors.CLASS_LABELS);
    }

    @Override
    public long places(long pixels) {
        return pixels / ((long) patch * patch);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        var feeds = new RowFeeds(channels, inputs(), classes + 1, (shape, rows) -> positions(shape));
        return new NetworkDenoiser(network, feeds, channels, Optional.empty(), false);
    }

    private List<Feed> positions(LatentShape shape) {
        if (shape.height() != side || shape.width() != side) {
            throw new IllegalArgumentException(
                    "%s; the transformer makes latents of %d by %d".formatted(shape, side, side));
        }
        return new SinePositions(width, side / patch, 1).of(side / patch, side / patch);
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
        var time = g.timestepEmbedding(TimeEmbedding.timestep(g), TIME_WIDTH, true, 1); // [B, 256]
        var label = GraphInputs.of(g, label()); // [B]
        var patches = g.conv2d(sample, "pos_embed.proj", width, patch, patch, 0); // [B, D, h / p, w / p]
        var positions = g.cast(g.input(Input.Kind.SEQUENCE, POSITIONS, width, patches.positions())); // [1, T, D]
        var x = g.add(g.tokens(patches), positions); // [B, T, D]
        for (int i = 0; i < layers; i++) {
            x = block(g.at("transformer_blocks." + i), x, time, label);
        }
        var last = Modulation.parts(g, embedding(g.at("transformer_blocks.0"), time, label), "proj_out_1", width, 2);
        x = g.linear(Modulation.normed(g, x, last.get(0), last.get(1)), "proj_out_2", outChannels * patch * patch);
        g.returns(g.narrow(g.shuffle(g.image(x, patches), patch, true), 0, channels));
    }

    private Value block(Graph g, Value x, Value time, Value label) {
        var parts = Modulation.parts(g, embedding(g, time, label), "norm1.linear", width, 6);
        var h = Modulation.normed(g, x, parts.get(0), parts.get(1));
        var a = g.at("attn1");
        var attended = a.attention(
                a.linear(h, "to_q", width, biased),
                a.linear(h, "to_k", width, biased),
                a.linear(h, "to_v", width, biased),
                heads,
                Mask.NONE);
        x = Modulation.gated(g, x, a.linear(attended, "to_out.0", width), parts.get(2));
        h = Modulation.modulated(g, g.layerNorm(x, eps), parts.get(3), parts.get(4));
        return Modulation.gated(g, x, Modulation.feedForward(g.at("ff"), h), parts.get(5));
    }

    /** What a block makes of timestep and class, {@code [B, D]} after its silu: each block has its own. */
    private Value embedding(Graph g, Value time, Value label) {
        var block = g.at("norm1.emb");
        var embedded = TimeEmbedding.mlp(block.at("timestep_embedder"), time, width, Activation.SILU);
        var own = block.exactEmbedding(label, "class_embedder.embedding_table", classes + 1, width);
        return g.cast(g.silu(g.add(embedded, own)));
    }
}
