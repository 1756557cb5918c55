package dev.weir.engine.onnx;

import dev.weir.engine.graph.Op;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The nodes between images and sequences. ONNX Runtime turns the result of a convolution into a sequence, and back, on its way out
 * of the blocked layout. So a linear layer next to such a change is a convolution of single pixels. Confined to one thread.
 */
record TokenNodes(Nodes nodes, Names names, Shapes shapes, Uses uses) {

    /** Whether an image's change to or from a sequence computes the linear layer, too. */
    boolean computes(Operation layer) {
        return ofTokens(layer).isPresent() || isOfImage(layer);
    }

    /** The change to a sequence that only this layer reads. */
    private Optional<Operation> ofTokens(Operation layer) {
        return uses.maker(layer.input(0), Op.TOKENS)
                .filter(tokens -> layer.adapter().isEmpty()
                        && !uses.isBiasedLater(layer)
                        && uses.onlyReader(tokens.output(), Op.LINEAR).isPresent()
                        && uses.maker(tokens.input(0), Op.GROUP_NORM).isPresent());
    }

    private boolean isOfImage(Operation layer) {
        return layer.op() == Op.LINEAR
                && layer.adapter().isEmpty()
                && ofTokens(layer).isEmpty()
                && uses.onlyReader(layer.output(), Op.IMAGE).isPresent();
    }

    void tokens(Operation o) {
        var layer = uses.onlyReader(o.output(), Op.LINEAR)
                .filter(reader -> ofTokens(reader).isPresent());
        if (layer.isPresent()) {
            names.bind(
                    layer.get(),
                    sequence(
                            pixels(layer.get(), names.of(o, 0)),
                            layer.get().output().channels()));
        } else if (uses.maker(o.input(0), Op.CONV_2D).isPresent()) {
            names.bind(o, sequence(names.of(o, 0), o.output().channels()));
        } else {
            // Columns have one axis less than images.
            var flat = nodes.node(
                    "Reshape", names.of(o, 0), nodes.integers(0, o.output().channels(), -1));
            names.bind(o, nodes.node("Transpose", List.of(flat), Map.of("perm", new int[] {0, 2, 1})));
        }
    }

    private String sequence(String image, int channels) {
        var last = nodes.node("Transpose", List.of(image), Map.of("perm", new int[] {0, 2, 3, 1}));
        return nodes.node("Reshape", last, nodes.integers(0, -1, channels));
    }

    /** The runtime's node has the channels of one pixel after each other. */
    void unshuffle(Operation o) {
        int side = o.integer("side");
        var deep = nodes.node("SpaceToDepth", List.of(names.of(o, 0)), Map.of("blocksize", side));
        if (o.flag("pixelFirst")) {
            names.bind(o, deep);
            return;
        }
        int before = o.value(0).channels();
        var order = new long[before * side * side];
        for (int i = 0; i < order.length; i++) {
            order[i] = (long) i % (side * side) * before + i / (side * side);
        }
        names.bind(o, nodes.node("Gather", List.of(deep, nodes.integers(order)), Map.of("axis", 1)));
    }

    void trailing(Operation o) {
        var first = shapes.of(names.of(o, 1), 1, 2);
        var end = nodes.integers(Integer.MAX_VALUE);
        names.bind(o, nodes.node("Slice", names.of(o, 0), first, end, nodes.integers(1)));
    }

    void padBefore(Operation o) {
        var before = List.of(nodes.integers(0), shapes.of(names.of(o, 1), 1, 2), nodes.integers(0, 0, 0, 0));
        var sides = nodes.node("Concat", before, Map.of("axis", 0));
        names.bind(o, nodes.node("Pad", names.of(o, 0), sides, nodes.number(o.number("number"))));
    }

    void fill(Operation o) {
        var flags = names.of(o, 1);
        var less = nodes.node("Sub", shapes.of(flags, 1, 2), shapes.of(names.of(o, 0), 1, 2));
        var sides =
                nodes.node("Concat", List.of(nodes.integers(0, 0, 0, 0), less, nodes.integers(0)), Map.of("axis", 0));
        var longer = nodes.node("Pad", names.of(o, 0), sides, nodes.number(0));
        var isOwn = nodes.node("Unsqueeze", flags, nodes.integers(2));
        names.bind(o, nodes.node("Where", isOwn, longer, nodes.weight((Parameter) o.input(2))));
    }

    void shuffle(Operation o) {
        Map<String, Object> attributes =
                Map.of("blocksize", o.integer("side"), "mode", o.flag("pixelFirst") ? "DCR" : "CRD");
        names.bind(o, nodes.node("DepthToSpace", List.of(names.of(o, 0)), attributes));
    }

    void image(Operation o) {
        var layer = uses.maker(o.input(0), Op.LINEAR).filter(this::isOfImage);
        var tokens = layer.map(linear -> linear.value(0)).orElse(o.value(0));
        var parts = List.of(nodes.integers(0), shapes.of(names.of(o, 1), 2, 4), nodes.integers(tokens.channels()));
        var shape = nodes.node("Concat", parts, Map.of("axis", 0));
        var image = nodes.node(
                "Transpose",
                List.of(nodes.node("Reshape", names.of(tokens), shape)),
                Map.of("perm", new int[] {0, 3, 1, 2}));
        names.bind(o, layer.map(linear -> pixels(linear, image)).orElse(image));
    }

    /** A linear layer as a convolution. */
    private String pixels(Operation layer, String image) {
        var inputs = new ArrayList<>(List.of(image, nodes.ofPixels((Parameter) layer.input(1))));
        if (layer.has(2)) {
            inputs.add(nodes.weight((Parameter) layer.input(2)));
        }
        return nodes.node("Conv", inputs, Map.of("kernel_shape", new int[] {1, 1}));
    }
}
