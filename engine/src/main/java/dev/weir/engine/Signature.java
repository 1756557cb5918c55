package dev.weir.engine;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The shapes of a row's inputs, as far as rows must agree in them to share a forward pass. The length of an input that is padded
 * does not matter, and optional inputs do not matter.
 *
 * @param shapes by the input's name; of a padded input without its first axis
 */
public record Signature(Map<String, List<Integer>> shapes) {

    /** Of rows that have nothing besides their sample. */
    public static final Signature NONE = new Signature(Map.of());

    public Signature {
        shapes = Map.copyOf(shapes);
    }

    /** Of a row with these tensors; tensors that the denoiser does not take do not count. */
    public static Signature of(Tensors inputs, List<NetworkInput> taken) {
        var shapes = new TreeMap<String, List<Integer>>();
        for (NetworkInput input : taken) {
            if (input.join() == Join.OPTIONAL) {
                continue;
            }
            inputs.find(input.name()).ifPresent(tensor -> {
                var shape = tensor.shape();
                shapes.put(input.name(), input.join() == Join.PAD ? shape.subList(1, shape.size()) : shape);
            });
        }
        return new Signature(shapes);
    }
}
