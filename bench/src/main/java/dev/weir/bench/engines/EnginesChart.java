package dev.weir.bench.engines;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import java.util.LinkedHashMap;
import java.util.Map;

/** The time of each program's forward pass, divided by the time of the engine that Weir chooses. */
final class EnginesChart {

    private static final Map<String, String> PROGRAMS = new LinkedHashMap<>();

    static {
        PROGRAMS.put("onnx", "Weir on ONNX Runtime");
        PROGRAMS.put("torch", "Weir on libtorch");
        PROGRAMS.put("openvino", "OpenVINO");
        PROGRAMS.put("onnxruntime", "ONNX Runtime from Python");
        PROGRAMS.put("diffusers", "diffusers");
    }

    private EnginesChart() {}

    /** @param numbers the JSON of a run */
    static String of(JsonNode numbers) {
        Chart chart = Chart.bars("Time of one forward pass, relative to Weir's", "network and rows", "ratio");
        for (var network : numbers.properties()) {
            for (var rows : network.getValue().properties()) {
                String category = network.getKey().replace('_', ' ') + " " + rows.getKey();
                double weir = rows.getValue().path("weir").asDouble();
                PROGRAMS.forEach((key, name) -> {
                    if (rows.getValue().has(key)) {
                        chart.add(name, category, rows.getValue().path(key).asDouble() / weir);
                    }
                });
            }
        }
        return chart.svg();
    }
}
