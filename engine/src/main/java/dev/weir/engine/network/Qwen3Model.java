package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.Prompt;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The language model Qwen3 (Qwen Team 2025, arXiv 2505.09388) as a text encoder: {@code hidden_states[-2]}, what enters its last layer.
 * That layer, the last norm and the words' scores are not computed.
 *
 * @param layers of the whole model
 * @param groups heads of keys and values, each of which several heads of queries see
 */
record Qwen3Model(
        String name,
        int vocabulary,
        int width,
        int innerWidth,
        int layers,
        int heads,
        int groups,
        int positions,
        double eps,
        Rotary rotary)
        implements TextNetwork {

    static final String NAME = "Qwen3Model";

    /** What published folders call it: the file has the names of the whole language model. */
    static final String LANGUAGE_MODEL = "Qwen3ForCausalLM";

    private static final GatedMlp MLP = new GatedMlp("gate_proj", "up_proj", "down_proj");
    private static final String PREFIX = "model.";
    private static final String WORDS = "embed_tokens";
    private static final double THETA = 10_000;

    /** A prompt's usual length, for packing weights. */
    private static final int NOMINAL_TOKENS = 128;

    static Qwen3Model read(JsonNode json) {
        var config = new Config(NetworkType.className(json), json);
        config.oneOf("hidden_act", "silu", List.of("silu"));
        if (config.bool("attention_bias", false)) {
            throw config.refused("attention_bias", "false");
        }
        if (config.bool("use_sliding_window", false)) {
            throw config.refused("use_sliding_window", "false");
        }
        if (config.has("rope_scaling")) {
            throw config.refused("rope_scaling", "null");
        }
        var turns = config.json("rope_parameters");
        if (!turns.path("rope_type").asText("default").equals("default")) {
            throw config.refused("rope_parameters", "the rope_type default");
        }
        int heads = config.integer("num_attention_heads");
        int groups = config.integer("num_key_value_heads", heads);
        if (heads % groups != 0) {
            throw config.refused("num_key_value_heads", "a divisor of num_attention_heads");
        }
        int layers = config.integer("num_hidden_layers");
        if (layers < 2) {
            throw config.refused("num_hidden_layers", "at least 2");
        }
        int headWidth = config.even("head_dim", config.integer("head_dim", 128));
        return new Qwen3Model(
                config.network(),
                config.integer("vocab_size"),
                config.integer("hidden_size"),
                config.integer("intermediate_size"),
                layers,
                heads,
                groups,
                config.integer("max_position_embeddings", 32_768),
                config.number("rms_norm_eps", 1e-6),
                new Rotary(List.of(headWidth), turns.path("rope_theta").asDouble(config.number("rope_theta", THETA))));
    }

    @Override
    public TextNetwork giving(ClipOutput output) {
        if (!output.equals(ClipOutput.PENULTIMATE)) {
            throw new ModelException("%s gives what enters its last layer only, not %s".formatted(name, output));
        }
        return this;
    }

    /** Published weights are bf16, whose range is wider than that of fp16. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return wanted.insteadOfFp16(Precision.BF16);
    }

    /** The angles of all positions. */
    @Override
    public List<Feed> more(List<Prompt> prompts, List<TokenRow> rows) {
        int tokens = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
        return rotary.feeds(List.of(
                IntStream.range(0, tokens).mapToObj(place -> new int[] {place}).toList()));
    }

    @Override
    public void describe(Script script) {
        var whole = script.method(TextTransformer.FORWARD, "ids", "kept", Rotary.COSINES, Rotary.SINES);
        var g = whole.at(script.hasWeight(WORDS + ".weight") ? "" : "model");
        var ids = g.input(Input.Kind.IDS, "ids", 1, NOMINAL_TOKENS); // [B, T]
        var mask = g.causalMaskOf(g.input(Input.Kind.FLAGS, "kept", 1, NOMINAL_TOKENS));
        var turns = Turns.inputs(g, rotary, NOMINAL_TOKENS);
        var x = g.embedding(ids, WORDS, vocabulary, width); // [B, T, D]
        for (int i = 0; i < layers - 1; i++) {
            x = layer(g.at("layers." + i), x, mask, turns);
        }
        g.returns(x);
    }

    private Value layer(Graph g, Value x, Mask mask, Turns turns) {
        var attention = g.at("self_attn");
        var h = g.rmsNorm(x, "input_layernorm", eps);
        var queries = turns.ofHalves(g, normed(attention, h, "q", heads), heads);
        var keys = turns.ofHalves(g, normed(attention, h, "k", groups), groups);
        var values = attention.linear(h, "v_proj", groups * rotary.width(), false);
        int times = heads / groups;
        var attended = g.attention(
                queries, g.repeatHeads(keys, groups, times), g.repeatHeads(values, groups, times), heads, mask);
        x = g.add(x, attention.linear(attended, "o_proj", width, false));
        return g.add(x, MLP.of(g.at("mlp"), g.rmsNorm(x, "post_attention_layernorm", eps), innerWidth));
    }

    /** Queries or keys, whose heads have norms of their own. */
    private Value normed(Graph attention, Value x, String which, int count) {
        var all = attention.linear(x, which + "_proj", count * rotary.width(), false);
        return attention.rmsNorm(all, which + "_norm", count, eps);
    }

    /** What comes after the states. */
    @Override
    public boolean spare(String weight) {
        var own = weight.startsWith(PREFIX) ? weight.substring(PREFIX.length()) : weight;
        return own.startsWith("layers.%d.".formatted(layers - 1))
                || own.equals("norm.weight")
                || own.equals("lm_head.weight");
    }
}
