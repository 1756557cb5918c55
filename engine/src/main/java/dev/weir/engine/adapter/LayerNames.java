package dev.weir.engine.adapter;

import dev.weir.engine.original.TransformerLayers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The layers of a model by every name that LoRA files have for them. Immutable. */
final class LayerNames {

    /** How kohya's trainer calls the text encoders of a model, by their number, and ComfyUI those that are CLIP or Qwen3. */
    private static final List<List<String>> TEXT_PREFIXES = List.of(
            List.of(
                    "lora_te_",
                    "lora_te1_",
                    "text_encoders.clip_l.transformer.",
                    "text_encoders.clip_h.transformer.",
                    "text_encoders.qwen3_4b.transformer."),
            List.of("lora_te2_", "text_encoders.clip_g.transformer."),
            List.of("lora_te3_"));

    /** How they call T5, whatever its number is. */
    private static final List<String> T5_PREFIXES = List.of("lora_te3_", "text_encoders.t5xxl.transformer.");

    private static final String LAYER_OF_T5 = "encoder.block.0.layer.0.SelfAttention.q";

    /** Before the names of a language model's layers, where it is in a folder or a file with its head. */
    private static final String LANGUAGE_MODEL = "model.";

    /** What files have before diffusers' name of a denoiser's layer. */
    private static final List<String> PREFIXES =
            List.of("", "unet.", "transformer.", "base_model.model.", "diffusion_model.");

    /**
     * @param part the folder of its network
     * @param isOriginal whether the file's name is that of the original repository, and not diffusers' too
     * @param rows of the file's layer that are this one
     */
    record Layer(String part, String name, boolean isOriginal, LayerRows rows) {

        /** Called as diffusers does. */
        Layer(String part, String name) {
            this(part, name, false, LayerRows.ALL);
        }

        private Layer own() {
            return new Layer(part, name);
        }
    }

    private final Map<String, List<Layer>> byAlias = new HashMap<>();
    private final AdaptedParts parts;
    private final List<TransformerLayers> transformers;

    /** @param layers of each part, by their names */
    LayerNames(AdaptedParts parts) {
        this.parts = parts;
        this.transformers = TransformerLayers.of(parts.layers(parts.unet()).keySet());
        addUnet(parts.unet());
        for (int i = 0; i < parts.textEncoders().size(); i++) {
            var encoder = parts.textEncoders().get(i);
            var layers = parts.layers(encoder).keySet();
            for (var layer : layers) {
                addText(encoder, layer, TEXT_PREFIXES.get(i));
                if (layers.contains(LAYER_OF_T5)) {
                    addText(encoder, layer, T5_PREFIXES);
                }
            }
        }
    }

    private void addUnet(String part) {
        var sgm = SgmNames.of(parts.layers(part).keySet());
        for (var layer : parts.layers(part).keySet()) {
            var own = new Layer(part, layer);
            for (var name : variants(layer)) {
                PREFIXES.forEach(prefix -> put(prefix + name, own));
                put("lora_unet_" + underscored(name), own);
                put("lora_transformer_" + underscored(name), own);
                put("lycoris_" + underscored(name), own);
            }
            for (var names : transformers) {
                names.original(layer).ifPresent(piece -> {
                    var other = new Layer(part, layer, true, LayerRows.of(piece));
                    addOriginal(piece.layer(), other);
                    add(piece.layer(), other);
                });
            }
            if (transformers.isEmpty()) {
                sgm.of(layer).ifPresent(name -> addOriginal(name, new Layer(part, layer, true, LayerRows.ALL)));
            }
        }
    }

    /** The name of a layer, and how trainers change it. */
    private static List<String> variants(String layer) {
        return List.of(
                layer, layer.replaceAll("\\.to_out\\.0$", ".to_out"), layer.replaceAll("\\.to_([qkv])$", ".to.$1"));
    }

    private void addOriginal(String name, Layer layer) {
        add("diffusion_model." + name, layer);
        add("lora_unet_" + underscored(name), layer);
    }

    /** One more of the layers that a file's layer is. One that is called so itself is that alone. */
    private void add(String alias, Layer layer) {
        var layers = byAlias.computeIfAbsent(alias, name -> new ArrayList<>());
        if (layers.stream().allMatch(Layer::isOriginal)) {
            layers.add(layer);
        }
    }

    private void put(String alias, Layer layer) {
        byAlias.put(alias, List.of(layer));
    }

    private void addText(String part, String layer, List<String> prefixes) {
        var own = new Layer(part, layer);
        for (var name : textVariants(layer)) {
            prefixes.forEach(prefix -> put(prefix + (prefix.endsWith("_") ? underscored(name) : name), own));
            put(part + "." + name, own);
            // The attention processors of early versions of diffusers.
            put(part + "." + name.replaceAll("\\.([qkv])_proj$", ".to_$1").replaceAll("\\.out_proj$", ".to_out"), own);
        }
    }

    /** Files may have the names of a whole language model where the folder has those of its layers alone, and the other way round. */
    private static List<String> textVariants(String layer) {
        return List.of(
                layer,
                "text_model." + layer,
                layer.startsWith(LANGUAGE_MODEL) ? layer.substring(LANGUAGE_MODEL.length()) : LANGUAGE_MODEL + layer);
    }

    private static String underscored(String name) {
        return name.replace('.', '_');
    }

    /**
     * Whether a layer of a file is left out, because its name is an original one, and the file has diffusers' too. As in diffusers, of a UNet
     * all of these are left out, and of a transformer those that the file has twice.
     *
     * @param layers that it is
     * @param own that the file has under the names of diffusers
     */
    boolean isLeftOut(List<Layer> layers, Set<Layer> own) {
        return layers.stream()
                .filter(Layer::isOriginal)
                .anyMatch(layer -> transformers.isEmpty()
                        ? own.stream().anyMatch(other -> other.part().equals(layer.part()))
                        : own.contains(layer.own()));
    }

    /** The layers that one of a file is; none where the model does not have it. */
    List<Layer> find(String module) {
        return byAlias.getOrDefault(module.replace(".processor.", "."), List.of());
    }
}
