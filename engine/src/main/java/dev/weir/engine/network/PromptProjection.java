package dev.weir.engine.network;

import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;
import java.util.Optional;

/**
 * What the blocks attend to: the prompt's states as they are or projected, a picture's embedding made into tokens, or both.
 *
 * @param encoderWidth of the prompt's states, or of a picture's embedding where there are no states
 * @param width that the blocks attend to
 */
record PromptProjection(Kind kind, int encoderWidth, int width) {

    enum Kind {
        NONE,
        TEXT,
        TEXT_IMAGE,
        IMAGE
    }

    private static final double EPS = 1e-5;
    private static final int TOKENS_OF_A_PICTURE = 32;
    private static final int TOKENS_BESIDE_A_TEXT = 10;

    static PromptProjection read(Config config, int width) {
        if (!config.has("encoder_hid_dim") && !config.has("encoder_hid_dim_type")) {
            return new PromptProjection(Kind.NONE, width, width);
        }
        var kind =
                switch (config.text("encoder_hid_dim_type", "text_proj")) {
                    case "text_proj" -> Kind.TEXT;
                    case "text_image_proj" -> Kind.TEXT_IMAGE;
                    case "image_proj" -> Kind.IMAGE;
                    default -> throw config.refused("encoder_hid_dim_type", "text_proj, text_image_proj or image_proj");
                };
        return new PromptProjection(kind, config.integer("encoder_hid_dim"), width);
    }

    boolean readsStates() {
        return kind != Kind.IMAGE;
    }

    List<NetworkInput> inputs() {
        return switch (kind) {
            case NONE, TEXT -> List.of();
            case TEXT_IMAGE, IMAGE -> List.of(image());
        };
    }

    private NetworkInput image() {
        return GraphInputs.rows(AddedEmbedding.IMAGE_EMBEDS, kind == Kind.IMAGE ? encoderWidth : width);
    }

    /** @param states of the prompt, {@code [B, T, D]}, with their mask; empty where the network takes none */
    AttentionContext apply(Graph graph, Optional<AttentionContext> states) {
        var g = graph.at("encoder_hid_proj");
        return switch (kind) {
            case NONE -> states.orElseThrow();
            case TEXT -> {
                var given = states.orElseThrow();
                yield new AttentionContext(graph.linear(given.states(), "encoder_hid_proj", width), given.mask());
            }
            case TEXT_IMAGE -> {
                var given = states.orElseThrow();
                var picture = tokens(g, TOKENS_BESIDE_A_TEXT);
                var text = g.linear(given.states(), "text_proj", width);
                yield new AttentionContext(
                        g.concatTokens(picture, text), g.maskBeside(given.mask(), text, picture, true));
            }
            case IMAGE -> new AttentionContext(g.layerNorm(tokens(g, TOKENS_OF_A_PICTURE), "norm", EPS));
        };
    }

    private Value tokens(Graph g, int count) {
        var embedding = g.cast(GraphInputs.of(g, image()));
        return g.unflat(g.linear(embedding, "image_embeds", count * width), count);
    }
}
