package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The cost of step checkpoints: the denoiser's loop with eight guided samples of a multistep sampler, at several
 * intervals and without checkpoints. Another thread encodes and decodes the checkpoints, like the event loops of a
 * stage node and an owner. Its time divided by the round's is what the loop would lose without a core for it. The
 * intervals take turns, round by round, and the fastest round of each counts, because the difference is smaller than
 * the noise of a busy machine.
 */
public final class CheckpointCostBench implements ChartedBenchmark {

    private static final int SAMPLES = 8;
    private static final int STEPS = 20;
    private static final String NEVER = "never";

    @Override
    public String name() {
        return "checkpoint-cost";
    }

    @Override
    public String about() {
        return "the denoiser's loop of " + SAMPLES + " samples with step checkpoints, over the same without";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.bars("Cost of step checkpoints", "interval", "share of the round, %");
        numbers.properties()
                .forEach(interval -> chart.add(
                        "encoding and decoding",
                        interval.getKey(),
                        100 * interval.getValue().path("handling_share").asDouble()));
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws InterruptedException {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        List<Work> works = works(folder, target);
        Map<String, Stage> stages = stages(folder, target);
        List<Map.Entry<String, Stage>> order = new ArrayList<>(stages.entrySet());
        Medians medians = new Medians();
        Map<String, Object> json = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        try (CheckpointSink sink = new CheckpointSink()) {
            for (int round = -1; round < settings.rounds(); round++) {
                Medians counted = round < 0 ? new Medians() : medians;
                Collections.rotate(order, 1);
                for (var entry : order) {
                    sink.begin();
                    counted.time(entry.getKey(), () -> draw(entry.getValue(), works, sink));
                    counted.add(entry.getKey() + " count", sink.awaitCount());
                    counted.add(entry.getKey() + " seconds", sink.handlingSeconds());
                }
            }
            for (String interval : stages.keySet()) {
                double ratio = medians.least(interval) / medians.least(NEVER);
                double count = medians.median(interval + " count");
                double handling = medians.least(interval + " seconds");
                double share = handling / medians.least(interval);
                rows.add(List.of(
                        interval,
                        Medians.format(medians.least(interval)),
                        Medians.format(ratio),
                        Medians.format(count),
                        Medians.format(1e6 * handling / count),
                        Medians.format(share)));
                json.put(
                        interval,
                        Map.of(
                                "ratio",
                                ratio,
                                "checkpoints",
                                count,
                                "handling_us",
                                1e6 * handling / count,
                                "handling_share",
                                share));
            }
        } finally {
            stages.values().forEach(Stage::close);
        }
        return new Result(
                List.of(
                        "interval",
                        "fastest round, s",
                        "over never",
                        "checkpoints",
                        "handling of one, us",
                        "handling, of the round"),
                rows,
                json);
    }

    private static Map<String, Stage> stages(ModelFolder folder, ComputeTarget target) {
        Map<String, Duration> intervals = new LinkedHashMap<>();
        intervals.put(NEVER, Duration.ofHours(1));
        intervals.put("1000 ms", Duration.ofMillis(1000));
        intervals.put("250 ms", Duration.ofMillis(250));
        intervals.put("100 ms", Duration.ofMillis(100));
        intervals.put("each step", Duration.ZERO);
        Map<String, Stage> stages = new LinkedHashMap<>();
        intervals.forEach((name, interval) -> {
            var limits = new SteppingStage.Limits(SAMPLES, 2 * SAMPLES, interval);
            stages.put(name, DenoiserStage.create(List.of(folder), target, limits));
            stages.get(name).open();
        });
        return stages;
    }

    private static void draw(Stage stage, List<Work> works, CheckpointSink sink) {
        works.forEach(work -> stage.admit(work, sink));
        int rows = stage.turn(sink);
        while (rows > 0) {
            rows = stage.turn(sink);
        }
    }

    private static List<Work> works(ModelFolder folder, ComputeTarget target) {
        ModelCard card = folder.card();
        List<Work> works = new ArrayList<>();
        try (TextEncoder encoder = folder.textEncoder(target)) {
            List<Tensors> states = encoder.states(List.of("", "a red apple"));
            for (int i = 0; i < SAMPLES; i++) {
                Generation generation = Generation.newBuilder()
                        .setSeed(i)
                        .setSteps(STEPS)
                        .setSampler("dpmpp_2m")
                        .setGuidanceScale(5)
                        .setWidth(card.nativeSize())
                        .setHeight(card.nativeSize())
                        .build();
                var published = Cards.toProto(folder);
                Task task = Task.newBuilder()
                        .setRef(SampleRef.newBuilder().setJobId("bench").setSample(i))
                        .setModel(card.id())
                        .setGeneration(generation)
                        .addAllRoute(Route.stages(published, published.getWorkflows(0), generation))
                        .setPosition(1)
                        .build();
                List<Tensor> branches = new ArrayList<>(Branches.toTensors(Branches.COND, states.get(1)));
                branches.addAll(Branches.toTensors(Branches.UNCOND, states.get(0)));
                works.add(new Work(task, branches));
            }
        }
        return works;
    }
}
