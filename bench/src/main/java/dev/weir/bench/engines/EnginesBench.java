package dev.weir.bench.engines;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.Medians;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
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
import java.util.concurrent.TimeUnit;

/**
 * One forward of each network on Weir's engines, and in other programs where a Python for them is given; then also of a UNet of
 * Stable Diffusion 1.5's size. All take turns within each round, because a machine's speed drifts.
 */
public final class EnginesBench implements ChartedBenchmark {

    private static final List<Integer> UNET_ROWS = List.of(1, 2, 8, 16);
    private static final int TOKENS = 8;
    private static final int WARM_UP = 2;
    /** Threads of some programs spin for tens of milliseconds after a forward pass, which would slow down the next program. */
    private static final int PAUSE_MS = 100;

    @Override
    public String name() {
        return "engines";
    }

    @Override
    public String about() {
        return "seconds of one forward pass on each engine, beside diffusers, ONNX Runtime and OpenVINO (--peers"
                + " PYTHON, --only vae)";
    }

    @Override
    public String chart(JsonNode numbers) {
        return EnginesChart.of(numbers);
    }

    @Override
    public Result run(Settings settings) throws IOException {
        ModelFolder model = ModelFolder.open(settings.model());
        ComputeTarget chosen = EngineChoice.AUTO.target(List.of(model));
        List<Case> cases = new ArrayList<>(cases(settings.model(), model).stream()
                .filter(work -> work.network().contains(settings.only()))
                .toList());
        Medians medians = new Medians();
        List<String> peerNames = settings.peers().isEmpty() ? List.of() : Peers.NAMES;
        try (var peers = peerNames.isEmpty() ? null : Peers.start(settings.peers(), Torch.threads())) {
            if (!cases.isEmpty()) {
                measure(settings.model(), model, cases, peers, peerNames, settings.rounds(), medians);
            }
            if (peers != null && LargeUnet.NAME.contains(settings.only())) {
                peers.drop();
                try (var large = LargeUnet.create()) {
                    large.measure(chosen, peers, peerNames, settings.rounds(), medians);
                    cases.add(large.work());
                }
            }
        }
        return result(chosen.engine().toString(), peerNames, cases, medians);
    }

    private static void measure(
            Path folder,
            ModelFolder model,
            List<Case> cases,
            Peers peers,
            List<String> peerNames,
            int rounds,
            Medians medians)
            throws IOException {
        Path text = folder.resolve("text_encoder");
        try (var onnx = new Contestant(model, text, TOKENS, Engine.ONNX);
                var torch = new Contestant(model, text, TOKENS, Engine.TORCH)) {
            onnx.warmUp(cases);
            torch.warmUp(cases);
            for (int round = -WARM_UP; round < rounds; round++) {
                Medians kept = round < 0 ? new Medians() : medians;
                for (Case work : cases) {
                    pause();
                    kept.add(work.key("onnx"), onnx.seconds(work));
                    pause();
                    kept.add(work.key("torch"), torch.seconds(work));
                    for (String peer : peerNames) {
                        pause();
                        kept.add(work.key(peer), peers.seconds(peer, work));
                    }
                }
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Case> cases(Path folder, ModelFolder model) {
        int side = model.card().nativeSize() / model.card().scale();
        List<Case> cases = new ArrayList<>();
        UNET_ROWS.forEach(rows -> cases.add(new Case("unet", folder.resolve("unet"), rows, side, TOKENS)));
        cases.add(new Case("vae", folder.resolve("vae"), 1, side, TOKENS));
        cases.add(new Case("text_encoder", folder.resolve("text_encoder"), 1, side, TOKENS));
        return cases;
    }

    private static Result result(String chosen, List<String> peerNames, List<Case> cases, Medians medians) {
        List<String> names = new ArrayList<>(List.of("onnx", "torch"));
        names.addAll(peerNames);
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("engine", chosen);
        for (Case work : cases) {
            double weir = medians.median(work.key(chosen));
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("weir", weir);
            List<String> row = new ArrayList<>(List.of(work.network(), "" + work.rows()));
            for (String name : names) {
                boolean measured = medians.has(work.key(name));
                row.add(measured ? String.format(Locale.ROOT, "%.4f", medians.median(work.key(name))) : "-");
                if (measured) {
                    numbers.put(name, medians.median(work.key(name)));
                }
            }
            peerNames.stream()
                    .mapToDouble(name -> medians.median(work.key(name)))
                    .min()
                    .ifPresent(best -> {
                        numbers.put("best_peer", best);
                        numbers.put("ratio", weir / best);
                        row.add(String.format(Locale.ROOT, "%.2f", weir / best));
                    });
            rows.add(row);
            numbersOf(json, work.network()).put("" + work.rows(), numbers);
        }
        List<String> columns = new ArrayList<>(List.of("network", "rows"));
        columns.addAll(names);
        if (!peerNames.isEmpty()) {
            columns.add(chosen + " / best peer");
        }
        return new Result(columns, rows, json);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> numbersOf(Map<String, Object> json, String network) {
        return (Map<String, Object>) json.computeIfAbsent(network, name -> new LinkedHashMap<String, Object>());
    }
}
