package dev.weir.engine.adapter;

import java.util.List;
import java.util.Map;

/**
 * The networks of a model that LoRAs may change. Immutable.
 *
 * @param unet the folder of the denoiser's network
 * @param textEncoders the folders of the text encoders, in the pipeline's order
 * @param shapes of the weights of each part's layers, by part and layer
 */
public record AdaptedParts(String unet, List<String> textEncoders, Map<String, Map<String, List<Integer>>> shapes) {

    public AdaptedParts {
        textEncoders = List.copyOf(textEncoders);
        shapes = Map.copyOf(shapes);
    }

    Map<String, List<Integer>> layers(String part) {
        return shapes.getOrDefault(part, Map.of());
    }

    /** Of the weight of a file's layer that is this one, or has it among others. */
    List<Integer> shape(LayerNames.Layer layer) {
        return layer.rows().whole(layers(layer.part()).get(layer.name()));
    }
}
