package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The two networks of a file of GLIDE (Nichol et al. 2021, arXiv 2112.10741): a UNet of guided diffusion that reads a text, under the
 * names of diffusers, and the text transformer, under those of CLIP's. Stateless; any thread.
 */
public final class GlideNaming {

    private static final Pattern OF_TEXT = Pattern.compile(
            "(transformer\\.resblocks|token_embedding|positional_embedding|padding_embedding|final_ln)\\b.*");
    private static final Pattern LAYER = Pattern.compile("transformer\\.resblocks\\.(\\d{1,4})\\.(.+)\\.(weight|bias)");
    private static final String QUERY_KEY_VALUE = "attn.c_qkv";
    private static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");
    private static final Map<String, String> LAYERS = Map.of(
            "attn.c_proj", "self_attn.out_proj",
            "ln_1", "layer_norm1",
            "ln_2", "layer_norm2",
            "mlp.c_fc", "mlp.fc1",
            "mlp.c_proj", "mlp.fc2");
    private static final Map<String, String> OUTSIDE = Map.of(
            "token_embedding.weight", "embeddings.token_embedding.weight",
            "positional_embedding", "embeddings.position_embedding.weight",
            "padding_embedding", "embeddings.padding_embedding.weight",
            "final_ln.weight", "final_layer_norm.weight",
            "final_ln.bias", "final_layer_norm.bias");
    private static final String PROJECTION = "transformer_proj.";

    private GlideNaming() {}

    /** @param unet of the UNet alone */
    public static Naming unet(GuidedDiffusionNaming unet) {
        return (name, original, into) -> {
            if (name.startsWith(PROJECTION)) {
                into.add("class_embedding." + name.substring(PROJECTION.length()), original);
            } else if (!OF_TEXT.matcher(name).matches()) {
                unet.add(name, original, into);
            }
        };
    }

    /** @param heads of each attention */
    public static Naming text(int heads) {
        return (name, original, into) -> {
            if (OF_TEXT.matcher(name).matches()) {
                addText(name, original, heads, into);
            }
        };
    }

    private static void addText(String name, String original, int heads, WeightViews into) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            into.add(OUTSIDE.getOrDefault(name, name), original);
            return;
        }
        String block = "encoder.layers." + layer.group(1) + ".";
        String kind = "." + layer.group(3);
        if (layer.group(2).equals(QUERY_KEY_VALUE)) {
            for (int i = 0; i < PARTS.size(); i++) {
                into.headPart(block + "self_attn." + PARTS.get(i) + kind, original, i, PARTS.size(), heads);
            }
        } else {
            into.add(block + LAYERS.getOrDefault(layer.group(2), layer.group(2)) + kind, original);
        }
    }
}
