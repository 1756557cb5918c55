package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/** BERT (Devlin et al. 2018) as a text encoder: the last hidden state of every token. */
final class BertModel implements TextNetwork {

    /** A prompt's usual length, for packing weights. */
    private static final int NOMINAL_TOKENS = 16;

    private final Options options;

    BertModel(Options options) {
        this.options = options;
    }

    static BertModel read(JsonNode config) {
        return new BertModel(Options.read(config));
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
        var g = script.method(TextTransformer.FORWARD, "ids", "kept")
                .at(script.hasWeight("bert.embeddings.word_embeddings.weight") ? "bert" : "");
        var ids = g.input(Input.Kind.IDS, "ids", 1, NOMINAL_TOKENS); // [B, T]
        var mask = g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, NOMINAL_TOKENS)); // [B, T]
        var x = embeddings(g.at("embeddings"), ids); // [B, T, D]
        for (int i = 0; i < options.layers(); i++) {
            x = layer(g.at("encoder.layer." + i), x, mask);
        }
        g.returns(x);
    }

    private Value embeddings(Graph g, Value ids) {
        int width = options.width();
        var words = g.embedding(ids, "word_embeddings", options.vocabulary(), width); // [B, T, D]
        var positions = g.embedding(g.positionsOf(ids), "position_embeddings", options.positions(), width); // [T, D]
        var first = g.embedding(g.zerosLike(ids), "token_type_embeddings", options.types(), width);
        return g.layerNorm(g.add(g.add(words, first), positions), "LayerNorm", options.eps());
    }

    private Value layer(Graph g, Value x, Mask mask) {
        int width = options.width();
        var self = g.at("attention.self");
        var q = self.linear(x, "query", width); // [B, T, D]
        var k = self.linear(x, "key", width);
        var v = self.linear(x, "value", width);
        var attended = g.linear(g.attention(q, k, v, options.heads(), mask), "attention.output.dense", width);
        x = g.layerNorm(g.add(x, attended), "attention.output.LayerNorm", options.eps());
        var h = g.gelu(g.linear(x, "intermediate.dense", options.innerWidth())); // [B, T, inner]
        h = g.linear(h, "output.dense", width);
        return g.layerNorm(g.add(x, h), "output.LayerNorm", options.eps());
    }

    /** Tensors of BERT checkpoints that its hidden states do not need. */
    @Override
    public boolean spare(String name) {
        return name.endsWith("embeddings.position_ids")
                || name.endsWith("embeddings.token_type_ids")
                || name.contains("pooler.")
                || name.startsWith("cls.");
    }

    record Options(
            int vocabulary, int width, int layers, int heads, int innerWidth, int positions, int types, double eps) {

        static Options read(JsonNode json) {
            var config = new Config("BertModel", json);
            config.oneOf("position_embedding_type", "absolute", List.of("absolute"));
            config.oneOf("hidden_act", "gelu", List.of("gelu"));
            return new Options(
                    config.integer("vocab_size"),
                    config.integer("hidden_size"),
                    config.integer("num_hidden_layers"),
                    config.integer("num_attention_heads"),
                    config.integer("intermediate_size"),
                    config.integer("max_position_embeddings"),
                    config.integer("type_vocab_size", 2),
                    config.number("layer_norm_eps", 1e-12));
        }
    }
}
