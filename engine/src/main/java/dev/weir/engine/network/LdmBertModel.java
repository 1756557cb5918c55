package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * The text encoder of latent diffusion (Rombach et al. 2022, arXiv 2112.10752), which its authors trained with the UNet: a transformer
 * with the norm before each part, and BERT's vocabulary. Tokens see the padding.
 */
record LdmBertModel(Options options) implements TextNetwork {

    static final String NAME = "LDMBertModel";

    private static final int NOMINAL_TOKENS = 77;

    static LdmBertModel read(JsonNode config) {
        return new LdmBertModel(Options.read(config));
    }

    @Override
    public int width() {
        return options.width();
    }

    @Override
    public int positions() {
        return options.positions();
    }

    @Override
    public void describe(Script script) {
        var g = script.method(TextTransformer.FORWARD, "ids", "kept").at("model");
        var ids = g.input(Input.Kind.IDS, "ids", 1, NOMINAL_TOKENS); // [B, T]
        var mask = g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, NOMINAL_TOKENS)); // [B, T]
        var words = g.embedding(ids, "embed_tokens", options.vocabulary(), options.width()); // [B, T, D]
        var x = g.add(words, g.embedding(g.positionsOf(ids), "embed_positions", options.positions(), options.width()));
        for (int i = 0; i < options.layers(); i++) {
            x = layer(g.at("layers." + i), x, mask);
        }
        g.returns(g.layerNorm(x, "layer_norm", Options.EPS));
    }

    private Value layer(Graph g, Value x, Mask mask) {
        int inner = options.heads() * options.headWidth();
        var self = g.at("self_attn");
        var h = g.layerNorm(x, "self_attn_layer_norm", Options.EPS);
        var attended = g.attention(
                self.linear(h, "q_proj", inner, false),
                self.linear(h, "k_proj", inner, false),
                self.linear(h, "v_proj", inner, false),
                options.heads(),
                mask);
        x = g.add(x, self.linear(attended, "out_proj", options.width()));
        h = g.layerNorm(x, "final_layer_norm", Options.EPS);
        return g.add(x, g.linear(g.gelu(g.linear(h, "fc1", options.innerWidth())), "fc2", options.width()));
    }

    /** What would guess words of states. */
    @Override
    public boolean spare(String weight) {
        return weight.startsWith("to_logits.");
    }

    record Options(int vocabulary, int width, int layers, int heads, int headWidth, int innerWidth, int positions) {

        static final double EPS = 1e-5;

        static Options read(JsonNode json) {
            var config = new Config(NAME, json);
            config.oneOf("activation_function", "gelu", List.of("gelu"));
            return new Options(
                    config.integer("vocab_size"),
                    config.integer("d_model"),
                    config.integer("encoder_layers"),
                    config.integer("encoder_attention_heads"),
                    config.integer("head_dim", 64),
                    config.integer("encoder_ffn_dim"),
                    config.integer("max_position_embeddings"));
        }
    }
}
