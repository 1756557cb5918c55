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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The transformer of Z-Image (2025, arXiv 2511.22699): some blocks over the picture and some over the text, and then blocks over both as one
 * sequence. Both are filled up to a multiple of 32 tokens by tokens that the checkpoint has and that all tokens see. A token of the
 * picture is two by two pixels of the latent. Its answer points from the noise to the picture; this is the opposite, as samplers take it.
 *
 * @param channels of the latent
 * @param refiners blocks over the picture alone, and as many over the text alone
 * @param states width of the text's states
 * @param normed whether queries and keys have norms
 * @param timeScale by which the share of the way from the noise is multiplied
 */
record ZImageTransformer(
        int channels,
        int heads,
        int width,
        int refiners,
        int layers,
        int states,
        boolean normed,
        double eps,
        double timeScale,
        Rotary rotary)
        implements DenoisingNetwork {

    static final String NAME = "ZImageTransformer2DModel";

    /** Latent pixels of a token each way. */
    static final int PATCH = 2;

    private static final String PARTS = "2-1";
    private static final GatedMlp MLP = new GatedMlp("w1", "w3", "w2");
    private static final int TIME_WIDTH = 256;
    private static final int TIME_INNER_WIDTH = 1024;
    private static final double TRAIN_TIMESTEPS = 1000;
    private static final double HEAD_EPS = 1e-5;
    private static final double LAST_EPS = 1e-6;
    private static final int NOMINAL_TEXT = 128;
    private static final int NOMINAL_PICTURE = 64 * 64;

    static ZImageTransformer read(JsonNode json) {
        var config = new Config(NAME, json);
        if (!config.integers("all_patch_size", List.of(PATCH)).equals(List.of(PATCH))) {
            throw config.refused("all_patch_size", "[2]");
        }
        if (!config.integers("all_f_patch_size", List.of(1)).equals(List.of(1))) {
            throw config.refused("all_f_patch_size", "[1]");
        }
        int heads = config.integer("n_heads", 30);
        int width = config.integer("dim", 3840);
        if (width % heads != 0) {
            throw config.refused("n_heads", "a divisor of dim, %d".formatted(width));
        }
        if (config.integer("n_kv_heads", heads) != heads) {
            throw config.refused("n_kv_heads", "as many as n_heads");
        }
        var rotary = new Rotary(config.integers("axes_dims", List.of(32, 48, 48)), config.number("rope_theta", 256));
        if (rotary.axes().size() != 3
                || rotary.width() * heads != width
                || rotary.axes().stream().anyMatch(axis -> axis % 2 != 0)) {
            throw config.refused("axes_dims", "three even widths that make dim / n_heads, %d".formatted(width / heads));
        }
        var network = new ZImageTransformer(
                config.integer("in_channels", 16),
                heads,
                width,
                config.integer("n_refiner_layers", 2),
                config.integer("n_layers", 30),
                config.integer("cap_feat_dim", 2560),
                config.bool("qk_norm", true),
                config.number("norm_eps", 1e-5),
                config.number("t_scale", TRAIN_TIMESTEPS),
                rotary);
        config.ignore("axes_lens"); // how large a picture may be, which the pipeline says
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(text());
    }

    /** Texts of all lengths share a forward. */
    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.PAD);
    }

    @Override
    public long places(long pixels) {
        return pixels / (PATCH * PATCH) + NOMINAL_TEXT;
    }

    /** Published weights are bf16, whose range is wider than that of fp16. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return wanted.insteadOfFp16(Precision.BF16);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        var tokens = new FilledTokens(rotary, PATCH);
        return NetworkDenoiser.ofTexts(network, channels, channels, inputs(), tokens::feeds);
    }

    @Override
    public void describe(Script script) {
        var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
        names.addAll(FilledTokens.NAMES);
        var g = script.method(NetworkDenoiser.FORWARD, names.toArray(String[]::new));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, 128 * 128)); // [B, C, h, w]
        var packed = g.unshuffle(sample, PATCH, true); // [B, 4 C, h / 2, w / 2]
        var tokens = g.linear(g.tokens(packed), "all_x_embedder." + PARTS, width); // [B, T, D]
        var x = g.fill(tokens, flags(g, FilledTokens.OF_PICTURE, NOMINAL_PICTURE), "x_pad_token");
        var time = g.cast(time(g.at("t_embedder"))); // [B, E]
        var turns = Turns.inputs(g, rotary, NOMINAL_PICTURE + NOMINAL_TEXT);
        var ofPicture = turns.leading(g, x);
        for (int i = 0; i < refiners; i++) {
            x = block(g.at("noise_refiner." + i), x, Mask.NONE, ofPicture, Optional.of(time));
        }
        var text = caption(g.at("cap_embedder"), g.cast(GraphInputs.of(g, text()))); // [B, S, D]
        text = g.fill(text, flags(g, FilledTokens.OF_TEXT, NOMINAL_TEXT), "cap_pad_token");
        var mask = g.maskOf(flags(g, FilledTokens.SEEN, NOMINAL_TEXT));
        var ofText = turns.trailing(g, x);
        for (int i = 0; i < refiners; i++) {
            text = block(g.at("context_refiner." + i), text, mask, ofText, Optional.empty());
        }
        var both = g.concatTokens(x, text);
        var all = g.maskBeside(mask, text, x, true);
        for (int i = 0; i < layers; i++) {
            both = block(g.at("layers." + i), both, all, turns, Optional.of(time));
        }
        var last = g.at("all_final_layer." + PARTS);
        var scale = Modulation.parts(last, g.silu(time), "adaLN_modulation.1", width, 1);
        var scaled = scaled(g, g.layerNorm(g.leading(both, tokens), LAST_EPS), scale.get(0));
        var answer = last.linear(scaled, "linear", channels * PATCH * PATCH);
        g.returns(g.scale(g.shuffle(g.image(answer, packed), PATCH, true), -1));
    }

    private static Value flags(Graph g, String name, int tokens) {
        return g.input(Input.Kind.FLAGS, name, 1, tokens);
    }

    private Value caption(Graph g, Value states) {
        return g.linear(g.rmsNorm(states, "0", eps), "1", width);
    }

    /** The network counts from the noise to the picture. */
    private Value time(Graph g) {
        var share = g.shift(g.scale(TimeEmbedding.timestep(g), -timeScale / TRAIN_TIMESTEPS), timeScale);
        var embedded = g.timestepEmbedding(share, TIME_WIDTH, true, 0);
        var inner = g.silu(g.exactLinear(embedded, "mlp.0", TIME_INNER_WIDTH));
        return g.exactLinear(inner, "mlp.2", Math.min(width, TIME_WIDTH));
    }

    /** @param time by which a block scales and gates; empty for one that does neither */
    private Value block(Graph g, Value x, Mask mask, Turns turns, Optional<Value> time) {
        var parts = time.map(embedding -> Modulation.parts(g, embedding, "adaLN_modulation.0", width, 4));
        var seen = g.rmsNorm(x, "attention_norm1", eps);
        var attended = attention(
                g.at("attention"), parts.map(all -> scaled(g, seen, all.get(0))).orElse(seen), mask, turns);
        var h = added(g, x, g.rmsNorm(attended, "attention_norm2", eps), parts.map(all -> all.get(1)));
        var read = g.rmsNorm(h, "ffn_norm1", eps);
        var made = MLP.of(
                g.at("feed_forward"),
                parts.map(all -> scaled(g, read, all.get(2))).orElse(read),
                (int) (width / 3.0 * 8));
        return added(g, h, g.rmsNorm(made, "ffn_norm2", eps), parts.map(all -> all.get(3)));
    }

    private static Value scaled(Graph g, Value x, Value scale) {
        return g.multiply(x, g.shift(scale, 1));
    }

    private static Value added(Graph g, Value x, Value more, Optional<Value> gate) {
        return gate.map(wide -> Modulation.gated(g, x, more, g.tanh(wide))).orElseGet(() -> g.add(x, more));
    }

    private Value attention(Graph g, Value x, Mask mask, Turns turns) {
        var attended = g.attention(
                turns.of(g, seeing(g, x, "q"), heads),
                turns.of(g, seeing(g, x, "k"), heads),
                g.linear(x, "to_v", width, false),
                heads,
                mask);
        return g.linear(attended, "to_out.0", width, false);
    }

    private Value seeing(Graph g, Value x, String which) {
        var all = g.linear(x, "to_" + which, width, false);
        return normed ? g.rmsNorm(all, "norm_" + which, heads, HEAD_EPS) : all;
    }
}
