package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * What stands before the decoder of unCLIP (Ramesh et al. 2022, arXiv 2204.06125, section 2.1): a picture's embedding becomes tokens
 * before those of the text, and joins the timestep's embedding together with the text's own. diffusers' {@code UnCLIPTextProjModel}.
 *
 * @param tokens that a picture's embedding becomes
 * @param embedding width of the embeddings and of the text's states
 * @param timeWidth of the timestep's embedding
 * @param width that the decoder attends to
 */
record UnclipTextProjection(int tokens, int embedding, int timeWidth, int width) implements Network {

    static final String NAME = "UnCLIPTextProjModel";

    static final String STATES = "states";
    static final String PICTURE = "picture";
    static final String TIME = "time";

    /** The embedding of a picture where there is none. No method reads it. */
    static final String LEARNED = "learned_classifier_free_guidance_embeddings";

    private static final double EPS = 1e-5;

    static UnclipTextProjection read(JsonNode json) {
        var config = new Config(NAME, json);
        var network = new UnclipTextProjection(
                config.integer("clip_extra_context_tokens", 4),
                config.integer("clip_embeddings_dim", 768),
                config.integer("time_embed_dim"),
                config.integer("cross_attention_dim"));
        config.refuseTheRest();
        return network;
    }

    @Override
    public boolean spare(String weight) {
        return weight.equals(LEARNED);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(STATES, Tensors.ENCODER_HIDDEN_STATES);
        var states = g.input(Input.Kind.SEQUENCE, Tensors.ENCODER_HIDDEN_STATES, embedding, 1);
        var projected = g.linear(g.cast(states), "encoder_hidden_states_proj", width);
        g.returns(g.layerNorm(projected, "text_encoder_hidden_states_norm", EPS)); // [B, T, D]

        g = script.method(PICTURE, Tensors.IMAGE_EMBEDS);
        g.returns(g.linear(
                g.cast(vector(g, Tensors.IMAGE_EMBEDS)),
                "clip_extra_context_tokens_proj",
                tokens * width)); // [B, D * N]

        g = script.method(TIME, Tensors.IMAGE_EMBEDS, AddedEmbedding.TEXT_EMBEDS);
        g.returns(g.add(
                g.exactLinear(
                        vector(g, Tensors.IMAGE_EMBEDS), "clip_image_embeddings_project_to_time_embeddings", timeWidth),
                g.exactLinear(vector(g, AddedEmbedding.TEXT_EMBEDS), "embedding_proj", timeWidth))); // [B, E]
    }

    private Value vector(Graph g, String name) {
        return GraphInputs.of(g, GraphInputs.rows(name, embedding));
    }

    /** What it takes of a row. */
    List<NetworkInput> inputs() {
        return List.of(
                GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, embedding, Join.PAD),
                GraphInputs.rows(AddedEmbedding.TEXT_EMBEDS, embedding),
                GraphInputs.rows(Tensors.IMAGE_EMBEDS, embedding),
                GraphInputs.label(Tensors.IMAGE_ABSENT));
    }
}
