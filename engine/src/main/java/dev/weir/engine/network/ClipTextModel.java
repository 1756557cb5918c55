package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/** CLIP's text transformer (Radford et al. 2021): the last hidden state of every token, padding included. */
final class ClipTextModel {

    private final Options options;

    ClipTextModel(Options options) {
        this.options = options;
    }

    void describe(Script script) {
        var g = script.method(TextTransformer.FORWARD, "ids", "kept")
                .at(script.hasWeight("embeddings.token_embedding.weight") ? "" : "text_model");
        var ids = g.input(Input.Kind.IDS, "ids", 1, options.positions()); // [B, T]
        var x = g.add(
                g.embedding(ids, "embeddings.token_embedding", options.vocabulary(), options.width()),
                g.embedding(
                        g.positionsOf(ids),
                        "embeddings.position_embedding",
                        options.positions(),
                        options.width())); // [B, T, D]
        for (int i = 0; i < options.layers(); i++) {
            x = layer(g.at("encoder.layers." + i), x);
        }
        g.returns(g.layerNorm(x, "final_layer_norm", options.eps()));
    }

    private Value layer(Graph g, Value x) {
        int width = options.width();
        var h = g.layerNorm(x, "layer_norm1", options.eps());
        var self = g.at("self_attn");
        var q = self.linear(h, "q_proj", width); // [B, T, D]
        var k = self.linear(h, "k_proj", width);
        var v = self.linear(h, "v_proj", width);
        x = g.add(x, self.linear(g.attention(q, k, v, options.heads(), Mask.CAUSAL), "out_proj", width));
        h = g.linear(g.layerNorm(x, "layer_norm2", options.eps()), "mlp.fc1", options.innerWidth());
        h = options.quickGelu() ? g.quickGelu(h) : g.gelu(h); // [B, T, inner]
        return g.add(x, g.linear(h, "mlp.fc2", width));
    }

    /** Tensors of CLIP checkpoints that its hidden states do not need. */
    static boolean spare(String name) {
        return name.endsWith("embeddings.position_ids") || name.equals("text_projection.weight");
    }

    record Options(
            int vocabulary,
            int width,
            int layers,
            int heads,
            int innerWidth,
            int positions,
            boolean quickGelu,
            double eps) {

        static Options read(JsonNode json) {
            var config = new Config("CLIPTextModel", json);
            var activation = config.oneOf("hidden_act", "quick_gelu", List.of("quick_gelu", "gelu"));
            return new Options(
                    config.integer("vocab_size"),
                    config.integer("hidden_size"),
                    config.integer("num_hidden_layers"),
                    config.integer("num_attention_heads"),
                    config.integer("intermediate_size"),
                    config.integer("max_position_embeddings", 77),
                    activation.equals("quick_gelu"),
                    config.number("layer_norm_eps", 1e-5));
        }
    }
}
