package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import dev.weir.engine.weights.Weights;
import java.util.Optional;

/**
 * The compact network of Real-ESRGAN (SRVGGNetCompact, Wang et al. 2021): convolutions at the picture's own size. Each pixel of its output
 * has a square of pixels as channels, which the nearest pixel of the input is added to.
 *
 * @param width channels of its images
 * @param layers convolutions between the first and the last one
 */
record SrvggNetCompact(int width, int layers, int scale) implements UpscalingNetwork {

    private static final int MOST_SCALE = 8;

    /** The layers are numbered together with the activations between them. */
    static Optional<SrvggNetCompact> of(Weights weights) {
        if (!weights.names().contains("body.0.weight") || !weights.names().contains("body.1.weight")) {
            return Optional.empty();
        }
        int last = 0;
        while (weights.names().contains("body.%d.weight".formatted(last + 2))) {
            last += 2;
        }
        long[] first = weights.info("body.0.weight").shape();
        long[] end = weights.info("body.%d.weight".formatted(last)).shape();
        if (first.length != 4 || end.length != 4 || first[1] != COLORS || last < 2) {
            return Optional.empty();
        }
        int scale = (int) Math.round(Math.sqrt(end[0] / (double) COLORS));
        return end[0] == (long) COLORS * scale * scale && scale <= MOST_SCALE
                ? Optional.of(new SrvggNetCompact((int) first[0], last / 2 - 1, scale))
                : Optional.empty();
    }

    @Override
    public int inputSquare() {
        return 1;
    }

    @Override
    public int widest() {
        return Math.max(1, width / (scale * scale)) + COLORS;
    }

    @Override
    public Value upscaled(Graph g, Value picture) {
        var body = g.at("body");
        var x = body.prelu(body.conv2d(picture, "0", width, 3), "1");
        for (int i = 1; i <= layers; i++) {
            x = body.prelu(body.conv2d(x, Integer.toString(2 * i), width, 3), Integer.toString(2 * i + 1));
        }
        x = body.conv2d(x, Integer.toString(2 * (layers + 1)), COLORS * scale * scale, 3);
        var missing = g.shuffle(x, scale, false); // [B, 3, H, W]
        return g.add(missing, g.upsampleTo(picture, missing));
    }
}
