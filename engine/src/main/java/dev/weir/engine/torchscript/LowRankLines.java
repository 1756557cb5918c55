package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Adapter;
import dev.weir.engine.graph.Operation;
import dev.weir.engine.graph.Parameter;

/**
 * The lines of an {@link Adapter}: what is added to the result of a layer. It is zero for a row that takes nothing. Confined to one
 * thread.
 *
 * @param body gets the lines
 */
record LowRankLines(Body body, Numerics numerics) {

    /** Each row's own entries are gathered, so a row depends on no other row's. */
    void ofLinear(Operation linear, String x, String result, int dtype) {
        var adapter = linear.adapter().orElseThrow();
        var taken = body.assign("torch.flatten(%s)".formatted(adapter.slots().name()));
        var factors = body.assign(
                "torch.reshape(%s, [-1, 1, 1])".formatted(adapter.factors().name()));
        var tokens = body.assign("torch.reshape(%1$s, [torch.size(%1$s, 0), -1, %2$d])"
                .formatted(x, adapter.down().channels()));
        var down = body.assign("torch.mul(torch.index_select(%s, 0, %s), %s)"
                .formatted(adapter.down().name(), taken, factors));
        var up = body.assign(
                "torch.index_select(%s, 0, %s)".formatted(adapter.up().name(), taken));
        var hidden = body.assign("torch.matmul(%s, torch.transpose(%s, 1, 2))"
                .formatted(tokens, joined(down, x, adapter.down().channels(), dtype)));
        var change = body.assign("torch.matmul(%s, %s)"
                .formatted(hidden, joined(up, x, adapter.up().channels(), dtype)));
        add(result, "torch.reshape(%s, torch.size(%s))".formatted(change, result));
    }

    /** {@code [B * taken, rank, n]} to {@code [B, taken * rank, n]}. */
    private static String joined(String factors, String x, int width, int dtype) {
        return "torch.to(torch.reshape(%s, [torch.size(%s, 0), -1, %d]), %d)".formatted(factors, x, width, dtype);
    }

    /**
     * Convolves all rows with all entries, and keeps of each row what it takes. What it does not take is replaced by zero and not
     * multiplied by zero: another row's entry may be too large to be a number.
     */
    void ofConvolution(Operation convolution, String x, String result) {
        var adapter = convolution.adapter().orElseThrow();
        var kernel = ((Parameter) convolution.input(1)).shape();
        var down = body.assign("torch.to(torch.reshape(%s, [-1, %d, %d, %d]), %d)"
                .formatted(adapter.down().name(), kernel.get(1), kernel.get(2), kernel.get(3), numerics.dtype()));
        int stride = convolution.integer("stride");
        int padding = convolution.integer("padding");
        var hidden = body.assign(
                "torch.conv2d(%s, %s, None, [%3$d, %3$d], [%4$d, %4$d])".formatted(x, down, stride, padding));
        var shares = body.assign(
                "torch.reshape(torch.expand(torch.unsqueeze(%s, 2), [-1, -1, torch.size(%s, 1)]), [torch.size(%s, 0), -1, 1, 1])"
                        .formatted(adapter.shares().name(), adapter.down().name(), x));
        var kept = body.assign(
                "torch.where(torch.eq(%2$s, 0), torch.zeros_like(%1$s), torch.mul(%1$s, torch.to(%2$s, %3$d)))"
                        .formatted(hidden, shares, numerics.dtype()));
        var up = body.assign(
                "torch.to(torch.reshape(torch.transpose(torch.flatten(%s, 0, 1), 0, 1), [%d, -1, 1, 1]), %d)"
                        .formatted(adapter.up().name(), kernel.get(0), numerics.dtype()));
        add(result, "torch.conv2d(%s, %s, None, [1, 1], [0, 0])".formatted(kept, up));
    }

    private void add(String result, String change) {
        body.line("%1$s = torch.add(%1$s, %2$s)".formatted(result, change));
    }
}
