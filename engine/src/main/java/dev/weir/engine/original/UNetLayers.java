package dev.weir.engine.original;

import java.util.Map;

/** The names that some layers of a UNet have in the original repositories, by those that diffusers gives them. */
public final class UNetLayers {

    /** Of layers outside of blocks. */
    public static final Map<String, String> OUTSIDE = Map.of(
            "conv_in", "input_blocks.0.0",
            "conv_norm_out", "out.0",
            "conv_out", "out.2",
            "time_embedding.linear_1", "time_embed.0",
            "time_embedding.linear_2", "time_embed.2",
            "add_embedding.linear_1", "label_emb.0.0",
            "add_embedding.linear_2", "label_emb.0.2");

    /** Of the layers of a residual block. */
    public static final Map<String, String> RESIDUAL = Map.of(
            "norm1", "in_layers.0",
            "conv1", "in_layers.2",
            "time_emb_proj", "emb_layers.1",
            "norm2", "out_layers.0",
            "conv2", "out_layers.3",
            "conv_shortcut", "skip_connection");

    private UNetLayers() {}

    /**
     * The name with the layer's name in diffusers, where it begins with one of these.
     *
     * @param layers their original names, by those in diffusers
     */
    static String begun(String name, Map<String, String> layers) {
        return layers.entrySet().stream()
                .filter(layer -> name.startsWith(layer.getValue() + "."))
                .map(layer -> layer.getKey() + name.substring(layer.getValue().length()))
                .findFirst()
                .orElse(name);
    }
}
