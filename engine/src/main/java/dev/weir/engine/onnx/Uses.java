package dev.weir.engine.onnx;

import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which operation of a method makes each value, and which ones read it. Immutable. */
final class Uses {

    private final Map<String, Operation> makers = new HashMap<>();
    private final Map<String, List<Operation>> readers = new HashMap<>();

    Uses(Method method) {
        for (var operation : method.operations()) {
            makers.put(operation.output().name(), operation);
            operation.inputs().stream().filter(Value.class::isInstance).forEach(input -> readers.computeIfAbsent(
                            input.name(), name -> new ArrayList<>())
                    .add(operation));
        }
    }

    List<Operation> readers(Value value) {
        return readers.getOrDefault(value.name(), List.of());
    }

    /** The operation of a kind that alone reads the value. */
    Optional<Operation> onlyReader(Value value, Op op) {
        var all = readers(value);
        return all.size() == 1 && all.get(0).op() == op ? Optional.of(all.get(0)) : Optional.empty();
    }

    /** The first operation of a kind that reads the value. */
    Optional<Operation> reader(Value value, Op op) {
        return readers(value).stream().filter(operation -> operation.op() == op).findFirst();
    }

    /** The operation that makes the value, where it is of a kind. */
    Optional<Operation> maker(Operand value, Op op) {
        return Optional.ofNullable(makers.get(value.name())).filter(operation -> operation.op() == op);
    }

    /** Whether a sum is of two sequences and read by a layer norm that scales. */
    boolean isNormed(Operation sum) {
        return reader(sum.output(), Op.LAYER_NORM).filter(norm -> norm.has(1)).isPresent()
                && maker(sum.input(1), Op.EMBEDDING).isEmpty();
    }

    /** Whether the layer norm that reads the sum of the layer's result and another sequence adds the layer's bias, too. */
    boolean isBiasedLater(Operation layer) {
        return layer.op() == Op.LINEAR
                && onlyReader(layer.output(), Op.ADD)
                        .filter(sum -> sum.input(1).equals(layer.output()) && isNormed(sum))
                        .isPresent();
    }
}
