package dev.weir.engine.onnx;

import dev.weir.engine.graph.Operation;
import java.util.List;
import java.util.Map;

/** The nodes that compare vectors with those of a table. Confined to one thread. */
record Comparisons(Nodes nodes) {

    /** The cosine of each row and each row of a matrix. */
    String cosine(String rows, String matrix) {
        return nodes.contrib("FusedMatMul", List.of(unit(rows), unit(matrix)), Map.of("transB", 1));
    }

    /** Each row divided by its norm, of at least 1e-12 (torch.nn.functional.normalize). */
    private String unit(String rows) {
        var norm = nodes.node("ReduceL2", rows, nodes.integers(1));
        return nodes.node("Div", rows, nodes.node("Max", norm, nodes.number(1e-12)));
    }

    /** For each pixel of an image the nearest row of a table: the row e of a pixel z with the least e * e - 2 * z * e. */
    String nearest(Operation o, String image, String table) {
        int channels = o.output().channels();
        var pixels = nodes.node("Transpose", List.of(image), Map.of("perm", new int[] {0, 2, 3, 1}));
        var rows = nodes.node("Reshape", pixels, nodes.integers(-1, channels));
        var products = nodes.contrib("FusedMatMul", List.of(rows, table), Map.of("transB", 1, "alpha", -2.0));
        var squares = nodes.node(
                "ReduceSum", List.of(nodes.node("Mul", table, table), nodes.integers(1)), Map.of("keepdims", 0));
        var distances = nodes.node("Add", products, squares);
        var nearest = nodes.node("ArgMin", List.of(distances), Map.of("axis", 1, "keepdims", 0));
        var shape = nodes.node("Shape", List.of(pixels), Map.of("start", 0, "end", 4));
        var codes = nodes.node("Reshape", nodes.node("Gather", table, nearest), shape);
        return nodes.node("Transpose", List.of(codes), Map.of("perm", new int[] {0, 3, 1, 2}));
    }
}
