package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The activation functions of diffusers' networks, by the names that configurations give them. */
enum Activation {
    SILU,
    GELU,
    RELU,
    MISH;

    /** An option whose default is silu. */
    static Activation read(Config config, String key) {
        return optional(config, key).orElse(SILU);
    }

    /** An option that may be absent. diffusers does not distinguish upper and lower case. */
    static Optional<Activation> optional(Config config, String key) {
        if (!config.has(key)) {
            return Optional.empty();
        }
        var name = config.text(key, "").toUpperCase(Locale.ROOT).replace("SWISH", "SILU");
        return Optional.of(Arrays.stream(values())
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow(() -> config.refused(key, "silu, swish, gelu, relu or mish")));
    }

    Value apply(Graph g, Value x) {
        return switch (this) {
            case SILU -> g.silu(x);
            case GELU -> g.gelu(x);
            case RELU -> g.relu(x);
            case MISH -> g.mish(x);
        };
    }
}
