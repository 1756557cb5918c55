package dev.weir.bench.engines;

import dev.weir.bench.Medians;
import dev.weir.bench.RandomCheckpoint;
import dev.weir.bench.Sd15;
import dev.weir.bench.TemporaryFolder;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.util.List;

/**
 * One row of a UNet of Stable Diffusion 1.5's size, with random weights in a temporary folder. Weir takes turns with one other
 * program at a time, because more may not fit into memory. One thread.
 */
final class LargeUnet implements AutoCloseable {

    static final String NAME = "unet_sd15";

    private static final int SIDE = 64;
    private static final int TOKENS = 77;
    private static final long SEED = 7;
    private static final int WARM_UP = 1;
    /** A forward takes seconds. */
    private static final int MOST_ROUNDS = 3;

    private final TemporaryFolder folder;
    private final Case work;

    private LargeUnet(TemporaryFolder folder) {
        this.folder = folder;
        this.work = new Case(NAME, folder.path(), 1, SIDE, TOKENS);
    }

    static LargeUnet create() throws IOException {
        TemporaryFolder folder = TemporaryFolder.create("weir-large-unet");
        RandomCheckpoint.write(folder.path(), Sd15.config(), SEED);
        return new LargeUnet(folder);
    }

    Case work() {
        return work;
    }

    /** @param names of the programs to add to the medians: Weir's engine by its own name, and peers */
    void measure(ComputeTarget target, Peers peers, List<String> names, int rounds, Medians medians)
            throws IOException {
        LatentShape sample = new LatentShape(4, SIDE, SIDE);
        try (Denoiser network = Networks.denoiser(Sd15.config(), ComponentWeights.open(work.folder()), target)) {
            Denoiser.Row row = NoiseRow.of(network, sample, TOKENS, SEED);
            for (String peer : names) {
                for (int round = -WARM_UP; round < Math.min(rounds, MOST_ROUNDS); round++) {
                    network.predict(sample, List.of(row));
                    long begin = System.nanoTime();
                    network.predict(sample, List.of(row));
                    double own = (System.nanoTime() - begin) / 1e9;
                    double others = peers.seconds(peer, work);
                    if (round >= 0) {
                        medians.add(work.key(target.engine().toString()), own);
                        medians.add(work.key(peer), others);
                    }
                }
                peers.drop();
            }
        }
    }

    @Override
    public void close() throws IOException {
        folder.close();
    }
}
