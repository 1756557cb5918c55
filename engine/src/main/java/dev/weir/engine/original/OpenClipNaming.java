package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * OpenCLIP's text transformer, which has queries, keys and values in one matrix, and a projection that is multiplied from the
 * other side.
 */
public record OpenClipNaming() implements Naming {

    private static final Pattern LAYER = Pattern.compile("transformer\\.resblocks\\.(\\d{1,4})\\.(.+)");
    private static final Pattern JOINED = Pattern.compile("attn\\.in_proj_(weight|bias)");
    private static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");
    private static final Map<String, String> OF_LAYER = Map.of(
            "ln_1", "layer_norm1",
            "ln_2", "layer_norm2",
            "mlp.c_fc", "mlp.fc1",
            "mlp.c_proj", "mlp.fc2",
            "attn.out_proj", "self_attn.out_proj");
    private static final Map<String, String> OWN = Map.of(
            "positional_embedding", "text_model.embeddings.position_embedding.weight",
            "token_embedding.weight", "text_model.embeddings.token_embedding.weight",
            "ln_final.weight", "text_model.final_layer_norm.weight",
            "ln_final.bias", "text_model.final_layer_norm.bias");

    @Override
    public void add(String name, String original, WeightViews into) {
        Matcher layer = LAYER.matcher(name);
        if (layer.matches()) {
            addLayer("text_model.encoder.layers." + layer.group(1) + ".", layer.group(2), original, into);
        } else if (name.equals("text_projection")) {
            into.transposed("text_projection.weight", original);
        } else if (!name.equals("attn_mask")) {
            into.add(OWN.getOrDefault(name, name), original);
        }
    }

    private static void addLayer(String layer, String rest, String original, WeightViews into) {
        Matcher joined = JOINED.matcher(rest);
        if (joined.matches()) {
            for (int i = 0; i < PARTS.size(); i++) {
                into.part(layer + "self_attn." + PARTS.get(i) + "." + joined.group(1), original, i, PARTS.size());
            }
            return;
        }
        int end = rest.lastIndexOf('.');
        String module = end < 0 ? rest : rest.substring(0, end);
        into.add(layer + OF_LAYER.getOrDefault(module, module) + rest.substring(module.length()), original);
    }
}
