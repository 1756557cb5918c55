package dev.weir.engine.onnx;

import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Value;
import java.util.HashMap;
import java.util.Map;

/** The ONNX name of each value of a method; an input has its own. Confined to one thread. */
final class Names {

    private final Map<String, String> names = new HashMap<>();

    void bind(Operation o, String name) {
        names.put(o.output().name(), name);
    }

    boolean has(Value value) {
        return names.containsKey(value.name());
    }

    String of(Operation o, int input) {
        return of(o.input(input));
    }

    String of(Operand value) {
        return names.getOrDefault(value.name(), value.name());
    }
}
