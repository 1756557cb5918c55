package dev.weir.bench.batching;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.TextStates;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The network without the loop.
 *
 * @param alone rows a second, one at a time
 * @param atCap rows a second, in full batches
 */
record Bare(double alone, double atCap) {

    private static final int TRIES = 9;

    static Bare measure(ModelFolder folder, ComputeTarget target, List<TextStates> states, int cap) {
        ModelCard card = folder.card();
        int side = card.nativeSize() / card.scale();
        double[] single = new double[TRIES];
        double[] full = new double[TRIES];
        try (Denoiser network = folder.denoiser(target)) {
            LatentShape shape = new LatentShape(network.inChannels(), side, side);
            Denoiser.Row row = new Denoiser.Row(new float[shape.size()], 500, states.get(1), Denoiser.NO_CLASS);
            seconds(network, shape, Collections.nCopies(cap, row));
            seconds(network, shape, List.of(row));
            for (int i = 0; i < TRIES; i++) {
                single[i] = seconds(network, shape, List.of(row));
                full[i] = seconds(network, shape, Collections.nCopies(cap, row));
            }
        }
        Arrays.sort(single);
        Arrays.sort(full);
        return new Bare(1 / single[TRIES / 2], cap / full[TRIES / 2]);
    }

    /** What the network gains from full batches. */
    double gain() {
        return atCap / alone;
    }

    private static double seconds(Denoiser network, LatentShape shape, List<Denoiser.Row> rows) {
        long begin = System.nanoTime();
        network.predict(shape, rows);
        return (System.nanoTime() - begin) / 1e9;
    }
}
