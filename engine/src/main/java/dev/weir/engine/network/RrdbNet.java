package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import dev.weir.engine.weights.Weights;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The generator of ESRGAN (Wang et al. 2018, arXiv 1809.00219) and Real-ESRGAN: residual blocks in residual blocks of dense
 * convolutions, then convolutions at twice the size each.
 *
 * @param width channels of its images
 * @param growth channels that each dense convolution adds
 * @param doublings how often the size doubles
 * @param inputSquare side of the squares of pixels that it sees as channels; 1 for pixels
 */
record RrdbNet(int width, int growth, int blocks, int doublings, int inputSquare) implements UpscalingNetwork {

    private static final double SLOPE = 0.2;
    private static final double RESIDUAL = 0.2;
    private static final int DENSE = 4;
    private static final int PARTS = 3;
    private static final int MOST_DOUBLINGS = 4;
    private static final Set<Integer> SQUARES = Set.of(1, 2, 4);

    /** Of weights in the naming of Real-ESRGAN. */
    static Optional<RrdbNet> of(Weights weights) {
        if (!weights.names().contains("conv_first.weight")
                || !weights.names().contains("body.0.rdb1.conv1.weight")
                || !weights.names().contains("conv_last.weight")) {
            return Optional.empty();
        }
        long[] first = weights.info("conv_first.weight").shape();
        long[] dense = weights.info("body.0.rdb1.conv1.weight").shape();
        if (first.length != 4 || dense.length != 4) {
            return Optional.empty();
        }
        int square = (int) Math.round(Math.sqrt(first[1] / (double) COLORS));
        int doublings = count(weights, "conv_up%d.weight", 1);
        int blocks = count(weights, "body.%d.rdb1.conv1.weight", 0);
        boolean fits = first[1] == (long) COLORS * square * square
                && SQUARES.contains(square)
                && doublings <= MOST_DOUBLINGS
                && square <= 1 << doublings;
        return fits
                ? Optional.of(new RrdbNet((int) first[0], (int) dense[0], blocks, doublings, square))
                : Optional.empty();
    }

    private static int count(Weights weights, String name, int first) {
        return (int) IntStream.iterate(first, i -> weights.names().contains(name.formatted(i)), i -> i + 1)
                .count();
    }

    @Override
    public int scale() {
        return (1 << doublings) / inputSquare;
    }

    @Override
    public int widest() {
        return width;
    }

    @Override
    public Value upscaled(Graph g, Value picture) {
        var seen = inputSquare == 1 ? picture : g.unshuffle(picture, inputSquare);
        var first = g.conv2d(seen, "conv_first", width, 3); // [B, W, h, w]
        var x = first;
        for (int i = 0; i < blocks; i++) {
            x = block(g.at("body." + i), x);
        }
        x = g.add(first, g.conv2d(x, "conv_body", width, 3));
        for (int i = 1; i <= doublings; i++) {
            x = g.leakyRelu(g.conv2d(g.upsampleTwice(x), "conv_up" + i, width, 3), SLOPE);
        }
        x = g.leakyRelu(g.conv2d(x, "conv_hr", width, 3), SLOPE);
        return g.conv2d(x, "conv_last", COLORS, 3); // [B, 3, H, W]
    }

    private Value block(Graph g, Value x) {
        var y = x;
        for (int i = 1; i <= PARTS; i++) {
            y = dense(g.at("rdb" + i), y);
        }
        return g.add(g.scale(y, RESIDUAL), x);
    }

    private Value dense(Graph g, Value x) {
        var all = x;
        for (int i = 1; i <= DENSE; i++) {
            all = g.concat(all, g.leakyRelu(g.conv2d(all, "conv" + i, growth, 3), SLOPE));
        }
        return g.add(g.scale(g.conv2d(all, "conv" + (DENSE + 1), width, 3), RESIDUAL), x);
    }
}
