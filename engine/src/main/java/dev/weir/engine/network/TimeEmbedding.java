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
 * @param fourier whether it is projected on frequencies of the checkpoint, rather than on sinusoids
 * @param projected width of the projection
 * @param width of the embedding
 * @param after on the result
 * @param conditionWidth of a vector beside the timestep: the guidance of a distilled network; 0 where it takes none
 */
record TimeEmbedding(
        boolean fourier,
        int projected,
        int width,
        boolean cosineFirst,
        double frequencyShift,
        Activation activation,
        Optional<Activation> after,
        int conditionWidth) {

    /** @param channels of the first level */
    static TimeEmbedding read(Config config, int channels) {
        boolean fourier = config.oneOf("time_embedding_type", "positional", List.of("positional", "fourier"))
                .equals("fourier");
        int width = config.integer("time_embedding_dim", (fourier ? 2 : 4) * channels);
        return new TimeEmbedding(
                fourier,
                config.even(fourier ? "time_embedding_dim" : "block_out_channels", fourier ? width : channels),
                width,
                config.bool("flip_sin_to_cos", true),
                config.number("freq_shift", 0),
                Activation.read(config, "act_fn"),
                Activation.optional(config, "timestep_post_act"),
                config.integer("time_cond_proj_dim", 0));
    }

    List<NetworkInput> inputs() {
        return conditionWidth == 0 ? List.of() : List.of(condition());
    }

    private NetworkInput condition() {
        return GraphInputs.rows(Tensors.TIMESTEP_COND, conditionWidth);
    }

    Value apply(Graph g) {
        var block = g.at("time_embedding");
        var x = projection(g, g.input(Input.Kind.NUMBERS, "timestep", 1, 1)); // [B, projected]
        if (conditionWidth > 0) {
            var condition = GraphInputs.of(g, condition());
            x = g.add(x, block.exactLinear(condition, "cond_proj", projected, false));
        }
        x = mlp(block, x, width, activation);
        return after.isPresent() ? after.get().apply(g, x) : x;
    }

    /** Numbers {@code [B]} as {@code [B, projected]}. */
    Value projection(Graph g, Value numbers) {
        return fourier
                ? g.fourierEmbedding(numbers, "time_proj", projected, cosineFirst)
                : sinusoids(g, numbers, projected);
    }

    Value sinusoids(Graph g, Value numbers, int count) {
        return g.timestepEmbedding(numbers, count, cosineFirst, frequencyShift);
    }

    static Value mlp(Graph g, Value x, int width, Activation activation) {
        return g.exactLinear(activation.apply(g, g.exactLinear(x, "linear_1", width)), "linear_2", width);
    }
}
