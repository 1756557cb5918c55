package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.ModelException;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;

/** A prior that reads what a CLIP text encoder gives. Stateless; any thread. */
final class TextPrior {

    /** The text's own embedding, as the encoder calls it. */
    static final String TEXT_EMBEDS = "text_embeds";

    /** The same, as the prior calls it. */
    private static final String TEXT_EMBEDDING = "proj_embedding";

    /** Its network, below what the names of its parts begin with. */
    static final String NETWORK = "prior";

    private static final int USUAL_WIDTH = 768;

    private TextPrior() {}

    /**
     * Throws {@link ModelException} where a decoder's folder has no prior.
     *
     * @param prior what the names of its parts begin with: its own folder, or less than one in a pipeline of both
     */
    static void requireThere(PipelineIndex index, String prior, String family, String repository) {
        if (!index.has(prior + NETWORK)) {
            String advice = prior.endsWith("/")
                    ? "Download %s into %s".formatted(repository, index.path().resolve(prior))
                    : "Get the whole folder again, with all that begins with " + prior;
            throw new ModelException(
                    "%s: the decoder of %s without its prior. %s".formatted(index.path(), family, advice));
        }
    }

    /** The width of the embeddings that a prior makes. */
    static int width(ComponentConfig prior) {
        return prior.count("embedding_dim", USUAL_WIDTH);
    }

    /** Throws {@link ModelException} naming the file and key, or the parts that do not fit. */
    static void requireFit(ComponentConfig prior, ComponentConfig text) {
        LatentModel.requireKnown(text);
        LatentModel.requireKnown(prior);
        int width = width(prior);
        LatentModel.require(prior, "embedding_dim", width, text.count("hidden_size"), "the states of its text encoder");
        LatentModel.require(
                prior,
                "embedding_proj_dim",
                prior.count("embedding_proj_dim", width),
                text.count("projection_dim", 512),
                "the embedding of its text encoder");
        LatentModel.require(
                prior, "clip_embed_dim", prior.count("clip_embed_dim", width), width, "the embedding that it denoises");
        LatentModel.require(
                prior,
                "num_embeddings",
                prior.count("num_embeddings", 77),
                text.count("max_position_embeddings", 77),
                "the tokens of its text encoder");
    }

    /** What the prior takes of what its encoder gave for a text. */
    static Tensors inputs(Tensors states) {
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, states.get(Tensors.ENCODER_HIDDEN_STATES))
                .with(TEXT_EMBEDDING, states.get(TEXT_EMBEDS));
    }
}
