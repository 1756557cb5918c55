package dev.weir.engine;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Times forwards of a model's denoiser on both engines, in turn, so that a slow moment of the machine is shared. */
final class EngineTrial {

    /** A guided picture alone, and a batch. */
    private static final List<Integer> BATCHES = List.of(2, 8);

    private static final int ROUNDS = 3;
    private static final int TOKENS = 8;
    private static final long SEED = 1;

    /** @param reason for people, with the seconds */
    record Result(Engine engine, String reason) {}

    private EngineTrial() {}

    static Result compare(ModelFolder model) {
        Map<Engine, double[]> best = new EnumMap<>(Engine.class);
        Map<Engine, Denoiser> denoisers = new EnumMap<>(Engine.class);
        try {
            for (Engine engine : Engine.values()) {
                denoisers.put(engine, model.denoiser(new ComputeTarget("cpu", Precision.FP32, engine)));
                best.put(engine, new double[BATCHES.size()]);
            }
            for (int round = -1; round < ROUNDS; round++) {
                for (int i = 0; i < BATCHES.size(); i++) {
                    for (Engine engine : Engine.values()) {
                        double seconds = seconds(denoisers.get(engine), model.card(), BATCHES.get(i));
                        double[] all = best.get(engine);
                        all[i] = round <= 0 ? seconds : Math.min(all[i], seconds);
                    }
                }
            }
        } finally {
            denoisers.values().forEach(Denoiser::close);
        }
        double[] onnx = best.get(Engine.ONNX);
        double[] torch = best.get(Engine.TORCH);
        double gain = torch[0] / onnx[0] * torch[1] / onnx[1];
        return new Result(
                gain >= 1 ? Engine.ONNX : Engine.TORCH,
                String.format(
                        Locale.ROOT,
                        "measured on %s: a forward of %d and %d rows takes %.4f and %.4f s on onnx, %.4f and %.4f s on torch",
                        model.card().id(),
                        BATCHES.get(0),
                        BATCHES.get(1),
                        onnx[0],
                        onnx[1],
                        torch[0],
                        torch[1]));
    }

    private static double seconds(Denoiser denoiser, ModelCard card, int rows) {
        int side = card.nativeSize() / card.scale();
        var shape = new LatentShape(denoiser.inChannels(), side, side);
        var row = NoiseRow.of(denoiser, shape, TOKENS, SEED);
        long begin = System.nanoTime();
        denoiser.predict(shape, Collections.nCopies(rows, row));
        return (System.nanoTime() - begin) / 1e9;
    }
}
