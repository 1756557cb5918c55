package dev.weir.bench.batching;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The network without the loop, with the same mix of prompts as in the loop.
 *
 * @param alone rows per second, one at a time
 * @param atCap rows per second, in full batches
 */
record Bare(double alone, double atCap) {

    private static final int TRIES = 9;

    static Bare measure(ModelFolder folder, ComputeTarget target, List<Tensors> states, int cap) {
        ModelCard card = folder.card();
        int side = card.nativeSize() / card.scale();
        double[] single = new double[TRIES];
        double[] full = new double[TRIES];
        try (Denoiser network = folder.denoiser(target)) {
            LatentShape shape = new LatentShape(network.inChannels(), side, side);
            seconds(network, shape, rows(shape, states, 0, cap));
            seconds(network, shape, rows(shape, states, 0, 1));
            for (int i = 0; i < TRIES; i++) {
                single[i] = seconds(network, shape, rows(shape, states, i, 1));
                full[i] = seconds(network, shape, rows(shape, states, i, cap));
            }
        }
        Arrays.sort(single);
        Arrays.sort(full);
        return new Bare(1 / single[TRIES / 2], cap / full[TRIES / 2]);
    }

    /** The network's gain from full batches. */
    double gain() {
        return atCap / alone;
    }

    private static List<Denoiser.Row> rows(LatentShape shape, List<Tensors> states, int from, int count) {
        return IntStream.range(from, from + count)
                .mapToObj(i -> new Denoiser.Row(new float[shape.size()], 500, states.get(i % states.size())))
                .toList();
    }

    private static double seconds(Denoiser network, LatentShape shape, List<Denoiser.Row> rows) {
        long begin = System.nanoTime();
        network.predict(shape, rows);
        return (System.nanoTime() - begin) / 1e9;
    }
}
