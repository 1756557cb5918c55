package dev.weir.bench.engines;

import dev.weir.bench.Medians;
import dev.weir.cli.Benchmark;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.torch.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One forward of each network on Weir's engines, and in other programs where a Python for them is given. All take turns within
 * each round, because a machine's speed drifts.
 */
public final class EnginesBench implements Benchmark {

    private static final List<Integer> UNET_ROWS = List.of(1, 2, 8, 16);
    private static final int TOKENS = 8;
    private static final int WARM_UP = 2;

    @Override
    public String name() {
        return "engines";
    }

    @Override
    public String about() {
        return "seconds of one forward pass on each engine, beside diffusers, ONNX Runtime and OpenVINO (--peers PYTHON)";
    }

    @Override
    public Result run(Settings settings) throws IOException {
        ModelFolder model = ModelFolder.open(settings.model());
        String chosen = EngineChoice.AUTO.target(List.of(model)).engine().toString();
        List<Case> cases = cases(settings.model(), model);
        Medians medians = new Medians();
        List<String> names = new ArrayList<>(List.of("onnx", "torch"));
        try (var onnx = new Contestant(model, Engine.ONNX);
                var torch = new Contestant(model, Engine.TORCH);
                var peers = settings.peers().isEmpty() ? null : Peers.start(settings.peers(), Torch.threads())) {
            if (peers != null) {
                names.addAll(Peers.NAMES);
            }
            for (int round = -WARM_UP; round < settings.rounds(); round++) {
                Medians kept = round < 0 ? new Medians() : medians;
                for (Case work : cases) {
                    kept.add(key("onnx", work), onnx.seconds(work));
                    kept.add(key("torch", work), torch.seconds(work));
                    for (String peer : names.subList(2, names.size())) {
                        kept.add(key(peer, work), peers.seconds(peer, work));
                    }
                }
            }
        }
        return result(chosen, names, cases, medians);
    }

    private static List<Case> cases(Path folder, ModelFolder model) {
        int side = model.card().nativeSize() / model.card().scale();
        List<Case> cases = new ArrayList<>();
        UNET_ROWS.forEach(rows -> cases.add(new Case("unet", folder.resolve("unet"), rows, side, TOKENS)));
        cases.add(new Case("vae", folder.resolve("vae"), 1, side, TOKENS));
        cases.add(new Case("text_encoder", folder.resolve("text_encoder"), 1, side, TOKENS));
        return cases;
    }

    private static String key(String program, Case work) {
        return program + " " + work.network() + " " + work.rows();
    }

    private static Result result(String chosen, List<String> names, List<Case> cases, Medians medians) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("engine", chosen);
        for (Case work : cases) {
            double weir = medians.median(key(chosen, work));
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("weir", weir);
            List<String> row = new ArrayList<>(List.of(work.network(), "" + work.rows()));
            for (String name : names) {
                double seconds = medians.median(key(name, work));
                row.add(String.format(Locale.ROOT, "%.4f", seconds));
                numbers.put(name, seconds);
            }
            double best = names.stream()
                    .skip(2)
                    .mapToDouble(name -> medians.median(key(name, work)))
                    .min()
                    .orElse(Double.NaN);
            if (!Double.isNaN(best)) {
                numbers.put("best_peer", best);
                numbers.put("ratio", weir / best);
                row.add(String.format(Locale.ROOT, "%.2f", weir / best));
            }
            rows.add(row);
            numbersOf(json, work.network()).put("" + work.rows(), numbers);
        }
        List<String> columns = new ArrayList<>(List.of("network", "rows"));
        columns.addAll(names);
        if (names.size() > 2) {
            columns.add(chosen + " / best peer");
        }
        return new Result(columns, rows, json);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> numbersOf(Map<String, Object> json, String network) {
        return (Map<String, Object>) json.computeIfAbsent(network, name -> new LinkedHashMap<String, Object>());
    }
}
