package dev.weir.bench;

import dev.weir.cli.Benchmark;
import dev.weir.cli.WeirNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.runtime.NodeConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The cost of a cluster: images per second through {@code up}, requested over HTTP by several clients at once, compared
 * with the same networks in a bare loop in the same JVM. The two take turns, round by round.
 */
public final class ClusterCostBench implements Benchmark {

    private static final int CONCURRENT = 8;
    private static final int STEPS = 20;
    private static final int BATCHES_A_ROUND = 6;

    @Override
    public String name() {
        return "cluster-cost";
    }

    @Override
    public String about() {
        return "images a second through every stage, " + CONCURRENT + " requests at once, over a bare loop's";
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        Medians medians = new Medians();
        int images = CONCURRENT * BATCHES_A_ROUND;
        NodeConfig.Compute compute = new NodeConfig.Compute(List.of(settings.model()), "auto", "auto", 0);
        try (WeirNode node = WeirNode.local(compute);
                BareLoop bare = new BareLoop(folder, target, STEPS)) {
            ConcurrentClients clients = new ConcurrentClients(node.url(), STEPS);
            int seed = 0;
            for (int round = -1; round < settings.rounds(); round++) {
                int first = seed;
                Medians counted = round < 0 ? new Medians() : medians;
                counted.time("bare", () -> {
                    for (int batch = first; batch < first + images; batch += CONCURRENT) {
                        bare.draw(IntStream.range(batch, batch + CONCURRENT)
                                .boxed()
                                .toList());
                    }
                });
                counted.time("up", () -> clients.draw(first, first + images, CONCURRENT));
                seed += images;
            }
        }
        double bare = images / medians.median("bare");
        double up = images / medians.median("up");
        return new Result(
                List.of("", "images/s"),
                List.of(
                        List.of("bare loop, batches of " + CONCURRENT, Medians.format(bare)),
                        List.of("up, " + CONCURRENT + " requests at once", Medians.format(up)),
                        List.of("ratio", Medians.format(up / bare))),
                Map.of("bare_images_per_s", bare, "up_images_per_s", up, "ratio", up / bare));
    }
}
