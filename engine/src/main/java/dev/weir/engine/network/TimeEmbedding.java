package dev.weir.engine.network;

import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;
import java.util.List;
import java.util.Optional;

/**
 * How a timestep becomes the embedding that every block sees, in fp32.
 *
 * @param count of timesteps in the table, where the projection is one
 * @param projected width of the projection
 * @param width of the embedding
 * @param after on the result
 * @param conditionWidth of a vector beside the timestep: the guidance of a distilled network; 0 where it takes none
 */
record TimeEmbedding(
        Projection projection,
        int count,
        int projected,
        int width,
        boolean cosineFirst,
        double frequencyShift,
        Activation activation,
        Optional<Activation> after,
        int conditionWidth) {

    /** What becomes of the number. */
    enum Projection {
        SINUSOIDS,
        /** On frequencies of the checkpoint. */
        FOURIER,
        LOG_FOURIER,
        /** A row of the checkpoint. */
        TABLE
    }

    private static final String NAME = "time_proj";

    /** @param channels of the first level */
    static TimeEmbedding read(Config config, int channels) {
        boolean fourier = config.oneOf("time_embedding_type", "positional", List.of("positional", "fourier"))
                .equals("fourier");
        int width = config.integer("time_embedding_dim", (fourier ? 2 : 4) * channels);
        return new TimeEmbedding(
                fourier ? Projection.FOURIER : Projection.SINUSOIDS,
                0,
                config.even(fourier ? "time_embedding_dim" : "block_out_channels", fourier ? width : channels),
                width,
                config.bool("flip_sin_to_cos", true),
                config.number("freq_shift", 0),
                Activation.read(config, "act_fn"),
                Activation.optional(config, "timestep_post_act"),
                config.integer("time_cond_proj_dim", 0));
    }

    /** That of a {@code UNet2DModel}, whose keys mean other things. */
    static TimeEmbedding readUnconditional(Config config, int channels) {
        var type = config.oneOf("time_embedding_type", "positional", List.of("positional", "fourier", "learned"));
        var projection =
                switch (type) {
                    case "fourier" -> Projection.LOG_FOURIER;
                    case "learned" -> Projection.TABLE;
                    default -> Projection.SINUSOIDS;
                };
        boolean fourier = projection == Projection.LOG_FOURIER;
        boolean table = projection == Projection.TABLE;
        // Not in diffusers: the first level of a model of guided diffusion may be narrower than this.
        int base = config.integer("time_proj_dim", channels);
        return new TimeEmbedding(
                projection,
                table ? config.integer("num_train_timesteps") : 0,
                fourier ? 2 * channels : table ? channels : config.even("block_out_channels", base),
                config.integer("time_embedding_dim", 4 * base),
                config.bool("flip_sin_to_cos", true) && !fourier,
                config.number("freq_shift", 0),
                Activation.SILU,
                Optional.empty(),
                0);
    }

    List<NetworkInput> inputs() {
        return conditionWidth == 0 ? List.of() : List.of(condition());
    }

    private NetworkInput condition() {
        return GraphInputs.rows(Tensors.TIMESTEP_COND, conditionWidth);
    }

    Value apply(Graph g) {
        var block = g.at("time_embedding");
        var x = projected(g, timestep(g)); // [B, projected]
        if (conditionWidth > 0) {
            var condition = GraphInputs.of(g, condition());
            x = g.add(x, block.exactLinear(condition, "cond_proj", projected, false));
        }
        x = mlp(block, x, width, activation);
        return after.isPresent() ? after.get().apply(g, x) : x;
    }

    static Value timestep(Graph g) {
        return g.input(Input.Kind.NUMBERS, "timestep", 1, 1);
    }

    /** Numbers {@code [B]} as {@code [B, projected]}. */
    Value projected(Graph g, Value numbers) {
        return switch (projection) {
            case SINUSOIDS -> sinusoids(g, numbers, projected);
            case FOURIER -> g.fourierEmbedding(numbers, NAME, projected, cosineFirst);
            case LOG_FOURIER -> g.fourierEmbedding(g.log(numbers), NAME, projected, cosineFirst);
            case TABLE -> g.exactEmbedding(g.whole(numbers), NAME, count, projected);
        };
    }

    Value sinusoids(Graph g, Value numbers, int wanted) {
        return g.timestepEmbedding(numbers, wanted, cosineFirst, frequencyShift);
    }

    static Value mlp(Graph g, Value x, int width, Activation activation) {
        return g.exactLinear(activation.apply(g, g.exactLinear(x, "linear_1", width)), "linear_2", width);
    }
}
