package dev.weir.engine.network;

import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Optional;

/**
 * How a class label, a noise level or a vector in its place joins the timestep's embedding, in fp32.
 *
 * @param count of labels in the table
 * @param inputWidth of the vector that takes the label's place; 0 where it is a number
 * @param beside whether it stands beside the timestep's embedding, rather than being added
 */
record ClassEmbedding(Kind kind, int count, int inputWidth, boolean beside) {

    enum Kind {
        TABLE,
        TIMESTEP,
        IDENTITY,
        PROJECTION,
        SIMPLE_PROJECTION
    }

    private static final String NAME = "class_embedding";

    /** @param timeWidth of the timestep's embedding */
    static Optional<ClassEmbedding> read(Config config, int timeWidth) {
        boolean beside = config.bool("class_embeddings_concat", false);
        int count = config.integer("num_class_embeds", 0);
        if (!config.has("class_embed_type")) {
            if (beside && count == 0) {
                throw config.refused("class_embeddings_concat", "a class_embed_type or num_class_embeds with it");
            }
            return count == 0 ? Optional.empty() : Optional.of(new ClassEmbedding(Kind.TABLE, count, 0, beside));
        }
        return Optional.of(
                switch (config.text("class_embed_type", "")) {
                    case "timestep" -> new ClassEmbedding(Kind.TIMESTEP, 0, 0, beside);
                    case "identity" -> new ClassEmbedding(Kind.IDENTITY, 0, timeWidth, beside);
                    case "projection" -> new ClassEmbedding(Kind.PROJECTION, 0, vector(config), beside);
                    case "simple_projection" -> new ClassEmbedding(Kind.SIMPLE_PROJECTION, 0, vector(config), beside);
                    default ->
                        throw config.refused("class_embed_type", "timestep, identity, projection or simple_projection");
                });
    }

    private static int vector(Config config) {
        return config.integer("projection_class_embeddings_input_dim");
    }

    NetworkInput input() {
        return inputWidth == 0
                ? GraphInputs.label(Tensors.CLASS_LABELS)
                : GraphInputs.rows(Tensors.CLASS_LABELS, inputWidth);
    }

    /** The timestep's embedding with the label's. */
    Value join(Graph g, Value embedded, TimeEmbedding time) {
        var label = GraphInputs.of(g, input());
        var block = g.at(NAME);
        var own =
                switch (kind) {
                    case TABLE -> g.exactEmbedding(label, NAME, count, time.width());
                    case TIMESTEP ->
                        TimeEmbedding.mlp(block, time.projected(g, g.exact(label)), time.width(), time.activation());
                    case IDENTITY -> label;
                    case PROJECTION -> TimeEmbedding.mlp(block, label, time.width(), Activation.SILU);
                    case SIMPLE_PROJECTION -> g.exactLinear(label, NAME, time.width());
                };
        return beside ? g.concat(embedded, own) : g.add(embedded, own);
    }
}
