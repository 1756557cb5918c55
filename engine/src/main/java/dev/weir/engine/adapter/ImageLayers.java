package dev.weir.engine.adapter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The attentions of a UNet in which IP-Adapters take part: those to the prompt, in the order in which a forward meets them. Keys and
 * values of all of them lie one after the other in {@link #channels} channels. Immutable.
 *
 * @param layers none in a network that IP-Adapters do not fit
 * @param width of the prompt's states, which an adapter's tokens have too
 */
public record ImageLayers(List<Layer> layers, int width) {

    private static final Pattern KEYS = Pattern.compile(
            "(down_blocks|mid_block|up_blocks)\\..*attentions\\.\\d+\\.transformer_blocks\\.\\d+\\.attn2\\.to_k");
    /** Files count the layers of the middle last. */
    private static final List<String> FILE_ORDER = List.of("down_blocks", "up_blocks", "mid_block");

    /**
     * @param number in the names of adapters' files
     * @param channels of its keys, and of its values
     * @param offset of its keys; its values follow
     */
    public record Layer(int number, int channels, int offset) {}

    private record Found(int block, int channels, int width) {}

    public ImageLayers {
        layers = List.copyOf(layers);
    }

    /** @param shapes of the weights of a UNet's layers by name, in the order of its forward */
    public static ImageLayers of(Map<String, List<Integer>> shapes) {
        List<Found> found = new ArrayList<>();
        shapes.forEach((name, shape) -> {
            var match = KEYS.matcher(name);
            if (match.matches()) {
                found.add(new Found(FILE_ORDER.indexOf(match.group(1)), shape.get(0), shape.get(1)));
            }
        });
        List<Found> inFiles =
                found.stream().sorted(Comparator.comparingInt(Found::block)).toList();
        List<Layer> layers = new ArrayList<>();
        int offset = 0;
        for (Found layer : found) {
            layers.add(new Layer(1 + 2 * indexOf(inFiles, layer), layer.channels(), offset));
            offset += 2 * layer.channels();
        }
        return new ImageLayers(layers, found.isEmpty() ? 0 : found.get(0).width());
    }

    /** Of the object itself: layers of equal shapes are equal. */
    private static int indexOf(List<Found> inFiles, Found layer) {
        for (int i = 0; i < inFiles.size(); i++) {
            if (inFiles.get(i) == layer) {
                return i;
            }
        }
        throw new IllegalArgumentException("no layer of the network: " + layer);
    }

    /** Of all keys and values together. */
    public int channels() {
        return layers.stream().mapToInt(layer -> 2 * layer.channels()).sum();
    }
}
