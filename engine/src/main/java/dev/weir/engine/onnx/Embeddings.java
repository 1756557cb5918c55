package dev.weir.engine.onnx;

import dev.weir.engine.graph.Operation;
import java.util.List;
import java.util.Map;

/** The nodes that embed numbers as cosines and sines. Confined to one thread. */
record Embeddings(Nodes nodes) {

    String timestep(Operation o, String numbers) {
        int half = o.integer("width") / 2;
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            float exponent = i * (float) -Math.log(10_000) / (float) (half - o.number("frequencyShift"));
            frequencies[i] = (float) Math.exp(exponent);
        }
        return circular(o, nodes.node("Mul", column(numbers), nodes.floats(frequencies)));
    }

    String fourier(Operation o, String numbers, String frequencies) {
        var turns = nodes.node("Mul", nodes.node("Mul", column(numbers), frequencies), nodes.number(2));
        return circular(o, nodes.node("Mul", turns, nodes.number(Math.PI)));
    }

    private String column(String numbers) {
        return nodes.node("Unsqueeze", numbers, nodes.integers(-1));
    }

    private String circular(Operation o, String angles) {
        var cosine = nodes.node("Cos", angles);
        var sine = nodes.node("Sin", angles);
        var order = o.flag("cosineFirst") ? List.of(cosine, sine) : List.of(sine, cosine);
        return nodes.node("Concat", order, Map.of("axis", -1));
    }
}
