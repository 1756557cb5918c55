package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.cli.WeirNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.runtime.NodeConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The cost of a cluster: images per second through {@code up}, requested over HTTP by one client and by several at once, compared
 * with the same networks in a bare loop in the same JVM. The two take turns, round by round.
 */
public final class ClusterCostBench implements ChartedBenchmark {

    private static final List<Integer> CONCURRENT = List.of(1, 8);
    private static final int STEPS = 20;
    private static final int BATCHES_A_ROUND = 6;

    @Override
    public String name() {
        return "cluster-cost";
    }

    @Override
    public String about() {
        return "images a second through every stage, 1 and 8 requests at once, over a bare loop's";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.bars("Images per second by concurrent requests", "requests", "images/s");
        for (var concurrent : numbers.properties()) {
            JsonNode measured = concurrent.getValue();
            chart.add(
                    "bare loop",
                    concurrent.getKey(),
                    measured.path("bare_images_per_s").asDouble());
            chart.add(
                    "up", concurrent.getKey(), measured.path("up_images_per_s").asDouble());
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        Medians medians = new Medians();
        NodeConfig.Compute compute = new NodeConfig.Compute(List.of(settings.model()), "auto", "auto", 0);
        try (WeirNode node = WeirNode.local(compute);
                BareLoop bare = new BareLoop(folder, target, STEPS)) {
            ConcurrentClients clients = new ConcurrentClients(node.url(), STEPS);
            int seed = 0;
            for (int round = -1; round < settings.rounds(); round++) {
                Medians counted = round < 0 ? new Medians() : medians;
                for (int concurrent : CONCURRENT) {
                    int first = seed;
                    int images = concurrent * BATCHES_A_ROUND;
                    double alone = counted.time("bare " + concurrent, () -> {
                        for (int batch = first; batch < first + images; batch += concurrent) {
                            bare.draw(IntStream.range(batch, batch + concurrent)
                                    .boxed()
                                    .toList());
                        }
                    });
                    double served = clients.seconds(first, images, concurrent);
                    counted.add("up " + concurrent, served);
                    counted.add("ratio " + concurrent, alone / served);
                    seed += images + 2 * concurrent;
                }
            }
        }
        return result(medians);
    }

    private static Result result(Medians medians) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        for (int concurrent : CONCURRENT) {
            int images = concurrent * BATCHES_A_ROUND;
            double bare = images / medians.median("bare " + concurrent);
            double up = images / medians.median("up " + concurrent);
            double ratio = medians.median("ratio " + concurrent);
            rows.add(List.of("" + concurrent, Medians.format(bare), Medians.format(up), Medians.format(ratio)));
            json.put("" + concurrent, Map.of("bare_images_per_s", bare, "up_images_per_s", up, "ratio", ratio));
        }
        return new Result(
                List.of("requests at once", "bare loop, images/s", "up, images/s", "ratio by rounds"), rows, json);
    }
}
