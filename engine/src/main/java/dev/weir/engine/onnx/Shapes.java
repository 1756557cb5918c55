package dev.weir.engine.onnx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Tensors that several nodes derive from others' shapes, each made once. Confined to one thread. */
final class Shapes {

    private final Nodes nodes;
    private final Map<String, String> derived = new HashMap<>();

    Shapes(Nodes nodes) {
        this.nodes = nodes;
    }

    /** Axes {@code first} to before {@code end} of a tensor's shape. */
    String of(String tensor, int first, int end) {
        return derived(
                "shape %s %d %d".formatted(tensor, first, end),
                () -> nodes.node("Shape", List.of(tensor), Map.of("start", first, "end", end)));
    }

    /** @param what describes the tensor, and is unique */
    String derived(String what, Supplier<String> maker) {
        var known = derived.get(what);
        if (known == null) {
            known = maker.get();
            derived.put(what, known);
        }
        return known;
    }
}
