package dev.weir.engine.adapter;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The layers of a model by every name that LoRA files have for them. Immutable. */
final class LayerNames {

    /** How kohya's trainer calls the text encoders of a model with one, and of a model with two. */
    private static final List<List<String>> TEXT_PREFIXES =
            List.of(List.of("lora_te_", "lora_te1_"), List.of("lora_te2_"));

    /**
     * @param part the folder of its network
     * @param isSgm whether the name is of Stability AI's own code
     */
    record Layer(String part, String name, boolean isSgm) {}

    private final Map<String, Layer> byAlias = new HashMap<>();

    /** @param layers of each part, by their names */
    LayerNames(AdaptedParts parts) {
        addUnet(parts.unet(), parts);
        for (int i = 0; i < parts.textEncoders().size(); i++) {
            var encoder = parts.textEncoders().get(i);
            for (var layer : parts.layers(encoder).keySet()) {
                addText(encoder, layer, TEXT_PREFIXES.get(Math.min(i, 1)));
            }
        }
    }

    private void addUnet(String part, AdaptedParts parts) {
        var sgm = SgmNames.of(parts.layers(part).keySet());
        for (var layer : parts.layers(part).keySet()) {
            var own = new Layer(part, layer, false);
            for (var name : List.of(layer, layer.replaceAll("\\.to_out\\.0$", ".to_out"))) {
                byAlias.put(name, own);
                byAlias.put("unet." + name, own);
                byAlias.put("base_model.model." + name, own);
                byAlias.put("lora_unet_" + underscored(name), own);
                byAlias.put("lycoris_" + underscored(name), own);
            }
            sgm.of(layer).ifPresent(name -> {
                var other = new Layer(part, layer, true);
                byAlias.put("diffusion_model." + name, other);
                byAlias.put("lora_unet_" + underscored(name), other);
            });
        }
    }

    private void addText(String part, String layer, List<String> prefixes) {
        var own = new Layer(part, layer, false);
        for (var name : List.of(layer, "text_model." + layer)) {
            prefixes.forEach(prefix -> byAlias.put(prefix + underscored(name), own));
            byAlias.put(part + "." + name, own);
            // The attention processors of early versions of diffusers.
            byAlias.put(
                    part + "." + name.replaceAll("\\.([qkv])_proj$", ".to_$1").replaceAll("\\.out_proj$", ".to_out"),
                    own);
        }
    }

    private static String underscored(String name) {
        return name.replace('.', '_');
    }

    Optional<Layer> find(String module) {
        return Optional.ofNullable(byAlias.get(module.replace(".processor.", ".")));
    }
}
