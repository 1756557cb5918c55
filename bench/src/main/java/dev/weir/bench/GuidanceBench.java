package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.diffusion.GuidanceInterval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Images whose guidance ends after a share of the steps, from prompts to pixels, over images that are guided in all. They take turns. */
public final class GuidanceBench implements ChartedBenchmark {

    private static final int STEPS = 20;
    private static final List<Double> ENDS = List.of(1.0, 0.7, 0.5, 0.3, 0.0);
    private static final List<Integer> BATCHES = List.of(1, 8);

    @Override
    public String name() {
        return "guidance";
    }

    @Override
    public String about() {
        return "seconds of images whose guidance ends after a part of the steps (guidance_end)";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.lines("Time of images by guidance_end", "guidance_end", "time, relative to 1");
        for (var images : numbers.properties()) {
            String series = images.getKey() + (images.getKey().equals("1") ? " image" : " images at once");
            for (var end : images.getValue().properties()) {
                chart.add(series, end.getKey(), end.getValue().path("ratio").asDouble());
            }
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        Medians medians = new Medians();
        try (BareLoop loop = new BareLoop(folder, target, STEPS)) {
            for (int round = -1; round < settings.rounds(); round++) {
                Medians counted = round < 0 ? new Medians() : medians;
                for (int images : BATCHES) {
                    List<Integer> seeds = IntStream.range(0, images).boxed().toList();
                    for (double end : ENDS) {
                        var interval = new GuidanceInterval(0, end, false);
                        counted.time(key(images, end), () -> loop.draw(seeds, interval));
                    }
                }
            }
        }
        return result(medians);
    }

    private static String key(int images, double end) {
        return images + "/" + end;
    }

    private static Result result(Medians medians) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        for (int images : BATCHES) {
            Map<String, Object> byEnd = new LinkedHashMap<>();
            for (double end : ENDS) {
                double seconds = medians.median(key(images, end));
                double ratio = seconds / medians.median(key(images, 1));
                rows.add(List.of("" + images, "" + end, Medians.format(seconds), Medians.format(ratio)));
                byEnd.put("" + end, Map.of("seconds", seconds, "ratio", ratio));
            }
            json.put("" + images, byEnd);
        }
        return new Result(List.of("images", "guidance_end", "s", "over 1"), rows, json);
    }
}
