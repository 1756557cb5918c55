package dev.weir.engine.onnx;

import dev.weir.engine.graph.Adapter;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The nodes of an {@link Adapter}: what is added to the result of a layer, before its bias. It is zero for a row that takes nothing,
 * so the row's result does not change. Confined to one thread.
 */
final class LowRankNodes {

    private final Nodes nodes;
    /** What was made for other nodes too, by what it is. */
    private final Map<String, String> derived = new HashMap<>();

    LowRankNodes(Nodes nodes) {
        this.nodes = nodes;
    }

    /** For some outputs of a linear layer. Each row's own entries are gathered, so a row depends on no other row's. */
    String ofLinear(Operation linear, String x, int first, int outputs) {
        var adapter = linear.adapter().orElseThrow();
        var factors = derived.computeIfAbsent(
                "factors", key -> nodes.node("Unsqueeze", adapter.factors().name(), nodes.integers(2, 3)));
        var whole =
                derived.computeIfAbsent("linear " + linear.output().name(), key -> linear(linear, adapter, x, factors));
        return outputs == linear.output().channels()
                ? whole
                : nodes.node(
                        "Slice", whole, nodes.integers(first), nodes.integers(first + outputs), nodes.integers(-1));
    }

    private String linear(Operation linear, Adapter adapter, String x, String factors) {
        boolean isRows = linear.value(0).positions() == 1;
        int in = adapter.down().channels();
        var tokens = isRows ? nodes.node("Reshape", x, nodes.integers(0, -1, in)) : x;
        var down = nodes.node("Mul", taken(adapter, adapter.down().name()), factors); // [B, taken, rank, in]
        var hidden = nodes.contrib("FusedMatMul", List.of(tokens, joined(down, in)), Map.of("transB", 1));
        var up = joined(taken(adapter, adapter.up().name()), adapter.up().channels());
        var change = nodes.node("MatMul", hidden, up); // [B, T, out]
        if (!isRows) {
            return change;
        }
        // Rows have no axis of tokens, and a sequence of one token has.
        var sides = nodes.node("Shape", List.of(x), Map.of("start", 0, "end", -1));
        var shape = nodes.node("Concat", List.of(sides, nodes.integers(-1)), Map.of("axis", 0));
        return nodes.node("Reshape", change, shape);
    }

    private String taken(Adapter adapter, String bank) {
        return nodes.node("Gather", bank, adapter.slots().name());
    }

    /** {@code [B, taken, rank, n]} to {@code [B, taken * rank, n]}. */
    private String joined(String factors, int width) {
        return nodes.node("Reshape", factors, nodes.integers(0, -1, width));
    }

    /**
     * Convolves all rows with all entries, since a convolution has one kernel for all rows, and keeps of each row what it takes. What
     * it does not take is replaced by zero and not multiplied by zero: another row's entry may be too large to be a number.
     */
    String ofConvolution(Operation convolution, String x, Map<String, Object> attributes) {
        var adapter = convolution.adapter().orElseThrow();
        var kernel = ((Parameter) convolution.input(1)).shape();
        int out = kernel.get(0);
        var down = nodes.node(
                "Reshape", adapter.down().name(), nodes.integers(-1, kernel.get(1), kernel.get(2), kernel.get(3)));
        var hidden = nodes.node("Conv", List.of(x, down), attributes); // [B, entries * rank, H, W]
        var sides = nodes.node("Shape", List.of(adapter.down().name()), Map.of("start", 0, "end", 2));
        var shape = nodes.node("Concat", List.of(nodes.integers(1), sides), Map.of("axis", 0));
        var entries = nodes.node("Unsqueeze", adapter.shares().name(), nodes.integers(2));
        var shares = nodes.node("Reshape", nodes.node("Expand", entries, shape), nodes.integers(0, -1, 1, 1));
        var zero = nodes.number(0);
        var kept = nodes.node("Where", nodes.node("Equal", shares, zero), zero, nodes.node("Mul", hidden, shares));
        var flat = nodes.node("Reshape", adapter.up().name(), nodes.integers(-1, out));
        var turned = nodes.node("Transpose", List.of(flat), Map.of("perm", new int[] {1, 0}));
        var up = nodes.node("Reshape", turned, nodes.integers(out, -1, 1, 1));
        return nodes.node("Conv", List.of(kept, up), Map.of("kernel_shape", new int[] {1, 1}));
    }
}
