package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.function.UnaryOperator;

/**
 * Two convolutions around a residual connection, told the timestep in between.
 *
 * @param outGroups of the second norm
 * @param scaleShift whether the timestep scales and shifts the second norm's result, and not only adds to the first convolution's
 * @param skipsTimeActivation whether the timestep's embedding is taken as it is, without the activation
 * @param outputScale what the sum is divided by
 */
record ResnetBlock2D(
        int groups,
        int outGroups,
        double eps,
        Activation activation,
        boolean scaleShift,
        boolean skipsTimeActivation,
        double outputScale) {

    /** A block whose norms have the same groups. */
    ResnetBlock2D(
            int groups,
            double eps,
            Activation activation,
            boolean scaleShift,
            boolean skipsTimeActivation,
            double outputScale) {
        this(groups, groups, eps, activation, scaleShift, skipsTimeActivation, outputScale);
    }

    Value apply(Graph g, Value x, BlockInputs inputs, int out) { // x [B, C, H, W]
        return resampled(g, x, inputs, out, x.channels() != out, UnaryOperator.identity());
    }

    /** The block that also halves the image. */
    Value halved(Graph g, Value x, BlockInputs inputs) {
        return resampled(g, x, inputs, x.channels(), false, g::averagePool);
    }

    /** The block that also brings the image to the size of another one. */
    Value resized(Graph g, Value x, BlockInputs inputs, Value size) {
        return resampled(g, x, inputs, x.channels(), false, image -> g.upsampleTo(image, size));
    }

    /** The block that also changes the image's size through a filter, and has a convolution beside the two. */
    Value filtered(Graph g, Value x, BlockInputs inputs, UnaryOperator<Value> filter) {
        return resampled(g, x, inputs, x.channels(), true, filter);
    }

    private Value resampled(
            Graph g, Value x, BlockInputs inputs, int out, boolean convolvesShortcut, UnaryOperator<Value> resampling) {
        var h = activation.apply(g, g.groupNorm(x, "norm1", groups, eps));
        h = g.conv2d(resampling.apply(h), "conv1", out, 3); // [B, out, H, W]
        h = activation.apply(g, timed(g, h, inputs));
        h = g.conv2d(h, "conv2", out, 3);
        var kept = resampling.apply(x);
        var shortcut = convolvesShortcut ? g.conv2d(kept, "conv_shortcut", out, 1) : kept;
        return g.scale(g.add(shortcut, h), 1 / outputScale);
    }

    private Value timed(Graph g, Value h, BlockInputs inputs) {
        int width = h.channels();
        var time = skipsTimeActivation ? inputs.time() : inputs.activated();
        if (!scaleShift) {
            return norm2(g, g.add(h, g.overPixels(g.linear(time, "time_emb_proj", width)))); // + [B, out, 1, 1]
        }
        return scaledAndShifted(g, norm2(g, h), g.linear(time, "time_emb_proj", 2 * width));
    }

    private Value norm2(Graph g, Value h) {
        return g.groupNorm(h, "norm2", outGroups, eps);
    }

    /** @param both what to scale by, less 1, and then what to shift by, {@code [B, 2C]} */
    static Value scaledAndShifted(Graph g, Value image, Value both) {
        int width = image.channels();
        var scale = g.overPixels(g.shift(g.narrow(both, 0, width), 1));
        return g.add(g.multiply(image, scale), g.overPixels(g.narrow(both, width, width)));
    }
}
