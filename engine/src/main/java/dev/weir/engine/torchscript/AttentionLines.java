package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The lines of attention, of its masks, and of the turns that tell it positions. Confined to one thread.
 *
 * @param upcasts whether attention is computed in fp32
 * @param expressions of what operations read
 * @param variables takes the variable of an operation's result
 */
record AttentionLines(
        Body body,
        Numerics numerics,
        boolean upcasts,
        Function<Operand, String> expressions,
        BiConsumer<Operation, String> variables) {

    private String expression(Operand operand) {
        return expressions.apply(operand);
    }

    private void bind(Operation o, String expression) {
        variables.accept(o, body.assign(expression));
    }

    void attention(Operation o) {
        var split = IntStream.range(0, 3)
                .mapToObj(i -> body.assign("torch.transpose(torch.unflatten(%s, 2, [%d, -1]), 1, 2)"
                        .formatted(exact(expression(o.input(i))), o.integer("heads"))))
                .toList();
        boolean biased = o.flag("positions");
        boolean masked = o.has(biased ? 4 : 3);
        var mask = masked ? exactMask(expression(o.input(3))) : "None";
        // A mask has the causal part in it. Without one, attention takes its fast path.
        var causal = !o.flag("causal") ? "False" : masked ? body.assign(mask + " is None") : "True";
        var added = biased ? biased(exact(expression(o.input(masked ? 4 : 3))), mask, masked) : mask;
        var out = body.assign("torch.scaled_dot_product_attention(%s, %s, %s, %s, 0., %s%s)"
                .formatted(
                        split.get(0),
                        split.get(1),
                        split.get(2),
                        added,
                        causal,
                        o.flag("unscaled") ? ", scale=1." : ""));
        var joined = "torch.flatten(torch.transpose(%s, 1, 2), 2)".formatted(out);
        bind(o, upcasts ? "torch.to(%s, %d)".formatted(joined, numerics.dtype()) : joined);
    }

    private String exact(String x) {
        return upcasts ? "torch.to(%s, %d)".formatted(x, Numerics.FP32) : x;
    }

    /** A mask has the type of what it masks. */
    private String exactMask(String mask) {
        if (!upcasts) {
            return mask;
        }
        var exact = body.fresh();
        body.line(exact + " = annotate(Optional[Tensor], None)");
        body.line("if " + mask + " is not None:");
        body.line("  %s = torch.to(unchecked_cast(Tensor, %s), %d)".formatted(exact, mask, Numerics.FP32));
        return exact;
    }

    /** A bias of positions, and a mask where there is one. */
    private String biased(String positions, String mask, boolean masked) {
        if (!masked) {
            return positions;
        }
        var both = body.assign(positions);
        body.line("if " + mask + " is not None:");
        body.line("  %1$s = torch.add(%1$s, unchecked_cast(Tensor, %2$s))".formatted(both, mask));
        return both;
    }

    void mask(Operation o) {
        var kept = expression(o.input(0));
        var bias = body.fresh();
        body.line(bias + " = annotate(Optional[Tensor], None)");
        body.line("if torch.numel(" + kept + ") > 1:");
        body.line("  " + bias + " = torch.mul(torch.sub(1., torch.to(torch.unsqueeze(torch.unsqueeze(" + kept
                + ", 1), 1), " + numerics.dtype() + ")), -10000.)");
        if (o.flag("causal")) {
            body.line(
                    "  %1$s = torch.add(unchecked_cast(Tensor, %1$s), torch.mul(torch.triu(torch.ones([torch.size(%2$s, 1), torch.size(%2$s, 1)], dtype=%3$s, layout=0, device=%4$s, pin_memory=False), 1), -10000.))"
                            .formatted(bias, kept, numerics.dtype(), numerics.deviceExpression()));
        }
        variables.accept(o, bias);
    }

    void maskBeside(Operation o) {
        var mask = expression(o.input(0));
        var more = "torch.size(%s, 1)".formatted(expression(o.input(2)));
        var both = body.fresh();
        body.line(both + " = annotate(Optional[Tensor], None)");
        body.line("if " + mask + " is not None:");
        body.line("  %s = torch.constant_pad_nd(unchecked_cast(Tensor, %s), %s)"
                .formatted(both, mask, o.flag("before") ? "[" + more + ", 0]" : "[0, " + more + "]"));
        if (o.flag("causal")) {
            var later =
                    "torch.triu(torch.ones([torch.size(%1$s, 3), torch.size(%1$s, 3)], dtype=%2$s, layout=0, device=%3$s, pin_memory=False), 1)"
                            .formatted(
                                    "unchecked_cast(Tensor, " + both + ")",
                                    numerics.dtype(),
                                    numerics.deviceExpression());
            body.line("  %1$s = torch.add(unchecked_cast(Tensor, %1$s), torch.mul(%2$s, -10000.))"
                    .formatted(both, later));
        }
        variables.accept(o, both);
    }

    void rotate(Operation o) {
        boolean halves = o.flag("halves");
        int axis = halves ? -2 : -1;
        var pairs = body.assign("torch.unflatten(torch.to(%s, 6), 2, [%d, %s])"
                .formatted(expression(o.input(0)), o.integer("heads"), halves ? "2, -1" : "-1, 2"));
        var first = body.assign("torch.select(%s, %d, 0)".formatted(pairs, axis));
        var second = body.assign("torch.select(%s, %d, 1)".formatted(pairs, axis));
        var cosines = body.assign("torch.unsqueeze(%s, 2)".formatted(expression(o.input(1))));
        var sines = body.assign("torch.unsqueeze(%s, 2)".formatted(expression(o.input(2))));
        var turned =
                "torch.stack([torch.sub(torch.mul(%1$s, %3$s), torch.mul(%2$s, %4$s)), torch.add(torch.mul(%2$s, %3$s), torch.mul(%1$s, %4$s))], %5$d)"
                        .formatted(first, second, cosines, sines, axis);
        bind(o, "torch.to(torch.flatten(%s, 2), %d)".formatted(turned, numerics.dtype()));
    }
}
