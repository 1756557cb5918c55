package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * The prior of unCLIP (Ramesh et al. 2022, arXiv 2204.06125): it denoises the embedding of a picture, a vector, by a text. The
 * tokens of the text, the text's embedding, the timestep and the sample are one sequence, in which each token sees those before it;
 * the last one becomes the prediction.
 *
 * @param width of the tokens
 * @param embedding width of the sample and of the text's states
 * @param textEmbedding width of the text's embedding
 * @param texts the most tokens of a text
 * @param normsTextEmbedding whether the text's embedding is normed first
 * @param normsTokens whether the tokens are normed first
 * @param asks whether a token of the checkpoint at the end becomes the prediction, rather than the sample's
 */
record PriorTransformer(
        int heads,
        int width,
        int layers,
        int embedding,
        int textEmbedding,
        int predicted,
        int texts,
        int timeWidth,
        Activation timeActivation,
        boolean normsTextEmbedding,
        boolean normsTokens,
        boolean asks)
        implements DenoisingNetwork {

    static final String NAME = "PriorTransformer";

    /** The text's own embedding, as {@code proj_embedding} of diffusers. */
    static final String TEXT_EMBEDDING = "proj_embedding";

    private static final double EPS = 1e-5;
    private static final List<String> NORMS = List.of("layer");

    static PriorTransformer read(JsonNode json) {
        var config = new Config(NAME, json);
        int heads = config.integer("num_attention_heads", 32);
        int width = heads * config.integer("attention_head_dim", 64);
        int embedding = config.integer("embedding_dim", 768);
        config.oneOf("encoder_hid_proj_type", "linear", List.of("linear"));
        if (config.isNull("encoder_hid_proj_type")) {
            throw config.refused("encoder_hid_proj_type", "linear");
        }
        boolean asks = !config.isNull("added_emb_type");
        config.oneOf("added_emb_type", "prd", List.of("prd"));
        int more = config.integer("additional_embeddings", 4);
        if (more != (asks ? 4 : 3)) {
            throw config.refused("additional_embeddings", "4 with added_emb_type prd, 3 without");
        }
        var prior = new PriorTransformer(
                heads,
                config.even("attention_head_dim", width),
                config.integer("num_layers", 20),
                embedding,
                config.integer("embedding_proj_dim", embedding),
                config.integer("clip_embed_dim", embedding),
                config.integer("num_embeddings", 77),
                config.integer("time_embed_dim", width),
                Activation.read(config, "time_embed_act_fn"),
                isNormed(config, "embedding_proj_norm_type"),
                isNormed(config, "norm_in_type"),
                asks);
        config.ignore("dropout");
        config.refuseTheRest();
        return prior;
    }

    private static boolean isNormed(Config config, String key) {
        return config.has(key) && NORMS.contains(config.oneOf(key, "layer", NORMS));
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(states(), GraphInputs.rows(TEXT_EMBEDDING, textEmbedding));
    }

    private NetworkInput states() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, embedding, Join.PAD);
    }

    @Override
    public long places(long pixels) {
        return texts + (asks ? 4 : 3);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return NetworkDenoiser.ofVectors(network, embedding, predicted, inputs());
    }

    @Override
    public void describe(Script script) {
        predict(script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs())));
        var g = script.method(NetworkDenoiser.FINISH, "sample");
        var sample = g.input(Input.Kind.ROWS, "sample", predicted, 1);
        g.returns(g.add(
                g.multiply(sample, g.learnedRow(sample, "clip_std", predicted)),
                g.learnedRow(sample, "clip_mean", predicted)));
    }

    private void predict(Graph g) {
        var states = g.cast(GraphInputs.of(g, states()));
        var mask = GraphInputs.mask(g, states());
        var text = g.linear(states, "encoder_hidden_states_proj", width); // [B, T, D]
        var rest = rest(g);
        // A text shorter than the most has its own positions; what follows it has the last ones.
        var positions = g.learnedTokens(text, "positional_embedding", texts + rest.positions(), width);
        text = g.add(text, g.leading(positions, text));
        rest = g.add(rest, g.someTokens(positions, texts, rest.positions()));
        var seen = g.causalMaskBeside(mask, text, rest);
        var x = g.concatTokens(text, rest); // [B, T + 4, D]
        if (normsTokens) {
            x = g.layerNorm(x, "norm_in", EPS);
        }
        for (int i = 0; i < layers; i++) {
            x = block(g.at("transformer_blocks." + i), x, seen);
        }
        x = g.token(g.layerNorm(x, "norm_out", EPS), -1); // [B, D]
        g.returns(g.linear(x, "proj_to_clip_embeddings", predicted)); // [B, E]
    }

    /** What follows the text: its embedding, the timestep, the sample, and the token that asks for the prediction. */
    private Value rest(Graph g) {
        var embedded = g.cast(GraphInputs.of(g, GraphInputs.rows(TEXT_EMBEDDING, textEmbedding)));
        if (normsTextEmbedding) {
            embedded = g.layerNorm(embedded, "embedding_proj_norm", EPS);
        }
        var sample = g.tokens(g.castImage(g.input(Input.Kind.IMAGE, "sample", embedding, 1))); // [B, 1, E]
        var rest = g.concatTokens(one(g, g.linear(embedded, "embedding_proj", width)), one(g, time(g)));
        rest = g.concatTokens(rest, g.linear(sample, "proj_in", width)); // [B, 3, D]
        return asks ? g.concatTokens(rest, g.learnedTokens(rest, "prd_embedding", 1, width)) : rest;
    }

    private static Value one(Graph g, Value row) {
        return g.unflat(row, 1);
    }

    private Value time(Graph g) {
        var block = g.at("time_embedding");
        var x = block.exactLinear(
                g.timestepEmbedding(TimeEmbedding.timestep(g), width, true, 0), "linear_1", timeWidth);
        return g.cast(block.exactLinear(timeActivation.apply(g, x), "linear_2", width));
    }

    private Value block(Graph g, Value x, Graph.Mask seen) {
        var h = g.layerNorm(x, "norm1", EPS);
        var self = g.at("attn1");
        var attended = g.attention(
                self.linear(h, "to_q", width),
                self.linear(h, "to_k", width),
                self.linear(h, "to_v", width),
                heads,
                seen);
        x = g.add(x, self.linear(attended, "to_out.0", width));
        h = g.gelu(g.linear(g.layerNorm(x, "norm3", EPS), "ff.net.0.proj", 4 * width));
        return g.add(x, g.linear(h, "ff.net.2", width));
    }
}
