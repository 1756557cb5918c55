package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The transformer of CLIP (Radford et al. 2021), which texts and pictures share: pre-norm attention and a gelu network. */
record ClipLayers(int width, int layers, int heads, int innerWidth, boolean quickGelu, double eps) {

    private static final Pattern LAYER = Pattern.compile("(?:.*\\.)?encoder\\.layers\\.(\\d{1,9})\\..*");

    static ClipLayers read(Config config) {
        if (config.bool("use_attention_mask", false)) {
            throw config.refused("use_attention_mask", "false");
        }
        var activation = config.oneOf("hidden_act", "quick_gelu", List.of("quick_gelu", "gelu"));
        return new ClipLayers(
                config.integer("hidden_size"),
                config.integer("num_hidden_layers"),
                config.integer("num_attention_heads"),
                config.integer("intermediate_size"),
                activation.equals("quick_gelu"),
                config.number("layer_norm_eps", 1e-5));
    }

    ClipLayers withoutLast() {
        return new ClipLayers(width, layers - 1, heads, innerWidth, quickGelu, eps);
    }

    /** What goes into the first layer and what comes out of each. */
    List<Value> states(Graph g, Value x, Mask mask) {
        var states = new ArrayList<>(List.of(x));
        for (int i = 0; i < layers; i++) {
            x = layer(g.at("encoder.layers." + i), x, mask);
            states.add(x);
        }
        return states;
    }

    private Value layer(Graph g, Value x, Mask mask) {
        var h = g.layerNorm(x, "layer_norm1", eps);
        var self = g.at("self_attn");
        var q = self.linear(h, "q_proj", width); // [B, T, D]
        var k = self.linear(h, "k_proj", width);
        var v = self.linear(h, "v_proj", width);
        x = g.add(x, self.linear(g.attention(q, k, v, heads, mask), "out_proj", width));
        h = g.linear(g.layerNorm(x, "layer_norm2", eps), "mlp.fc1", innerWidth);
        h = quickGelu ? g.quickGelu(h) : g.gelu(h); // [B, T, inner]
        return g.add(x, g.linear(h, "mlp.fc2", width));
    }

    /** Whether a tensor belongs to a layer after the last one that config.json has. */
    boolean isLater(String name) {
        var layer = LAYER.matcher(name);
        return layer.matches() && Integer.parseInt(layer.group(1)) >= layers;
    }
}
