package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One forward pass of a model's UNet by precision and batch size. The precisions take turns within each round. */
public final class UnetBench implements ChartedBenchmark {

    private static final List<Integer> BATCHES = List.of(1, 2, 4, 8, 16);
    private static final List<Precision> PRECISIONS = List.of(Precision.FP32, Precision.BF16);
    private static final int TOKENS = 8;
    private static final long SEED = 1;
    private static final int WARM_UP = 2;

    @Override
    public String name() {
        return "unet";
    }

    @Override
    public String about() {
        return "seconds of one UNet forward by batch size, fp32 and bf16";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.lines("Rows per second of the UNet", "rows of one forward pass", "rows/s");
        for (var batch : numbers.path("batch").properties()) {
            double rows = Integer.parseInt(batch.getKey());
            chart.add(
                    "fp32",
                    batch.getKey(),
                    rows / batch.getValue().path("fp32_s").asDouble());
            chart.add(
                    "bf16",
                    batch.getKey(),
                    rows / batch.getValue().path("bf16_s").asDouble());
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        Medians medians = new Medians();
        List<Denoiser> networks = new ArrayList<>();
        try {
            for (Precision precision : PRECISIONS) {
                networks.add(folder.denoiser(new ComputeTarget("cpu", precision)));
            }
            for (int round = -WARM_UP; round < settings.rounds(); round++) {
                for (int batch : BATCHES) {
                    for (int i = 0; i < networks.size(); i++) {
                        measure(
                                round < 0 ? new Medians() : medians,
                                PRECISIONS.get(i),
                                networks.get(i),
                                folder.card(),
                                batch);
                    }
                }
            }
        } finally {
            networks.forEach(Denoiser::close);
        }
        return result(medians);
    }

    private static void measure(Medians medians, Precision precision, Denoiser network, ModelCard card, int batch) {
        int side = card.nativeSize() / card.scale();
        LatentShape shape = new LatentShape(network.inChannels(), side, side);
        Denoiser.Row row = NoiseRow.of(network, shape, TOKENS, SEED);
        List<Denoiser.Row> rows = Collections.nCopies(batch, row);
        medians.time(key(precision, batch), () -> network.predict(shape, rows));
    }

    private static String key(Precision precision, int batch) {
        return precision + "/" + batch;
    }

    private static Result result(Medians medians) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        for (int batch : BATCHES) {
            double fp32 = medians.median(key(Precision.FP32, batch));
            double bf16 = medians.median(key(Precision.BF16, batch));
            rows.add(List.of(
                    "" + batch,
                    Medians.format(fp32),
                    Medians.format(bf16),
                    Medians.format(fp32 / bf16),
                    Medians.format(batch / bf16)));
            json.put("" + batch, Map.of("fp32_s", fp32, "bf16_s", bf16, "bf16_gain", fp32 / bf16));
        }
        return new Result(
                List.of("batch", "fp32 s", "bf16 s", "bf16 gain", "bf16 rows/s"), rows, Map.of("batch", json));
    }
}
