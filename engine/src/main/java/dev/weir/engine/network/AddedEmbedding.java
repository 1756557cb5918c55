package dev.weir.engine.network;

import static dev.weir.engine.network.GraphInputs.rows;

import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;
import java.util.List;
import java.util.Optional;

/**
 * What is added to the timestep's embedding besides a class: the pooled text, sizes, the embedding of a picture.
 *
 * @param textWidth of a text's vector, or of its states
 * @param imageWidth of a picture's vector
 * @param heads of the attention that pools states
 * @param numbers how many sizes and coordinates come with a text
 * @param numberWidth of each one's embedding
 */
record AddedEmbedding(Kind kind, int textWidth, int imageWidth, int heads, int numbers, int numberWidth) {

    enum Kind {
        TEXT,
        TEXT_IMAGE,
        TEXT_TIME,
        IMAGE,
        IMAGE_HINT
    }

    static final String TEXT_EMBEDS = "text_embeds";
    static final String IMAGE_EMBEDS = "image_embeds";
    static final String TIME_IDS = "time_ids";

    private static final double EPS = 1e-5;

    static Optional<AddedEmbedding> read(Config config, int promptWidth) {
        int heads = config.integer("addition_embed_type_num_heads", 64);
        int numberWidth = config.integer("addition_time_embed_dim", 0);
        if (!config.has("addition_embed_type")) {
            return Optional.empty();
        }
        int encoderWidth = config.integer("encoder_hid_dim", promptWidth);
        return Optional.of(
                switch (config.text("addition_embed_type", "")) {
                    case "text" -> new AddedEmbedding(Kind.TEXT, encoderWidth, 0, heads, 0, 0);
                    case "text_image" -> new AddedEmbedding(Kind.TEXT_IMAGE, promptWidth, promptWidth, 0, 0, 0);
                    case "text_time" -> textTime(config, promptWidth, numberWidth);
                    case "image" -> new AddedEmbedding(Kind.IMAGE, 0, imageWidth(config), 0, 0, 0);
                    case "image_hint" -> new AddedEmbedding(Kind.IMAGE_HINT, 0, imageWidth(config), 0, 0, 0);
                    default ->
                        throw config.refused("addition_embed_type", "text, text_image, text_time, image or image_hint");
                });
    }

    private static int imageWidth(Config config) {
        return config.integer("encoder_hid_dim");
    }

    /**
     * The configuration has only the width of the text's vector and all numbers together. SDXL's refiner takes five numbers, and
     * its prompt has one encoder, whose states are as wide as its vector. All others take six.
     */
    private static AddedEmbedding textTime(Config config, int promptWidth, int numberWidth) {
        int both = config.integer("projection_class_embeddings_input_dim");
        int width = config.even("addition_time_embed_dim", numberWidth);
        int numbers = both - 5 * width == promptWidth ? 5 : 6;
        if (width < 1 || both <= numbers * width) {
            throw config.refused("projection_class_embeddings_input_dim", "more than " + numbers * width);
        }
        return new AddedEmbedding(Kind.TEXT_TIME, both - numbers * width, 0, 0, numbers, width);
    }

    /** Channels beside the sample's own that a hint becomes. */
    int hintChannels() {
        return kind == Kind.IMAGE_HINT ? Hint.CHANNELS : 0;
    }

    List<NetworkInput> inputs() {
        return switch (kind) {
            case TEXT -> List.of();
            case TEXT_IMAGE -> List.of(rows(TEXT_EMBEDS, textWidth), rows(IMAGE_EMBEDS, imageWidth));
            case TEXT_TIME -> List.of(rows(TEXT_EMBEDS, textWidth), rows(TIME_IDS, numbers));
            case IMAGE -> List.of(rows(IMAGE_EMBEDS, imageWidth));
            case IMAGE_HINT -> List.of(rows(IMAGE_EMBEDS, imageWidth), Hint.INPUT);
        };
    }

    /** @param states of the prompt, as its encoder gave them, {@code [B, T, D]}; only where states are pooled */
    Value apply(Graph graph, TimeEmbedding time, Optional<Value> states) {
        var g = graph.at("add_embedding");
        return switch (kind) {
            case TEXT -> g.exact(pooled(g, states.orElseThrow(), time.width()));
            case TEXT_IMAGE -> {
                var image = g.linear(vector(g, IMAGE_EMBEDS, imageWidth), "image_proj", time.width());
                var text = g.linear(vector(g, TEXT_EMBEDS, textWidth), "text_proj", time.width());
                yield g.exact(g.add(image, g.layerNorm(text, "text_norm", EPS)));
            }
            case TEXT_TIME -> {
                var ids = GraphInputs.of(g, rows(TIME_IDS, numbers));
                var embedded = g.flat(time.sinusoids(g, ids, numberWidth)); // [B, numbers * numberWidth]
                var text = GraphInputs.of(g, rows(TEXT_EMBEDS, textWidth));
                yield TimeEmbedding.mlp(g, g.concat(text, embedded), time.width(), Activation.SILU);
            }
            case IMAGE, IMAGE_HINT -> {
                var image = g.linear(vector(g, IMAGE_EMBEDS, imageWidth), "image_proj", time.width());
                yield g.exact(g.layerNorm(image, "image_norm", EPS));
            }
        };
    }

    private static Value vector(Graph g, String name, int width) {
        return g.cast(GraphInputs.of(g, rows(name, width)));
    }

    /** The states' mean attends to itself and to all states. */
    private Value pooled(Graph g, Value states, int width) {
        var x = g.layerNorm(states, "norm1", EPS);
        var pool = g.at("pool");
        var mean = pool.offset(g.meanOfTokens(x), "positional_embedding"); // [B, 1, D]
        var all = g.concatTokens(mean, x);
        var q = pool.linear(mean, "q_proj", textWidth);
        var k = pool.linear(all, "k_proj", textWidth);
        var v = pool.linear(all, "v_proj", textWidth);
        var seen = g.flat(pool.attention(q, k, v, heads, Mask.NONE)); // [B, D]
        return g.layerNorm(g.linear(seen, "proj", width), "norm2", EPS);
    }
}
