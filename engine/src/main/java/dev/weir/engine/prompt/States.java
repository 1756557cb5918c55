package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** States of tokens, {@code [tokens, width]} each. Stateless; any thread. */
public final class States {

    private States() {}

    static HostTensor inSequence(List<HostTensor> parts) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        int tokens = parts.stream().mapToInt(part -> part.side(0)).sum();
        float[] values = new float[tokens * parts.get(0).side(1)];
        int at = 0;
        for (HostTensor part : parts) {
            System.arraycopy(part.values(), 0, values, at, part.values().length);
            at += part.values().length;
        }
        return HostTensor.of(values, tokens, parts.get(0).side(1));
    }

    static List<Double> normalized(List<Double> weights) {
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        return weights.stream().map(weight -> weight / sum).toList();
    }

    /** Filled up to a length with the states of the empty prompt, as often as they fit. */
    public static HostTensor padded(HostTensor states, int tokens, HostTensor empty) {
        List<HostTensor> parts = new ArrayList<>(List.of(states));
        for (int length = states.side(0); length < tokens; length += empty.side(0)) {
            parts.add(empty);
        }
        HostTensor all = inSequence(parts);
        return all.side(0) == tokens
                ? all
                : HostTensor.of(Arrays.copyOf(all.values(), tokens * all.side(1)), tokens, all.side(1));
    }

    /** The sum of equally long ones, each times its weight. */
    public static HostTensor sum(List<HostTensor> parts, List<Double> weights) {
        float[] sum = new float[parts.get(0).values().length];
        for (int part = 0; part < parts.size(); part++) {
            float weight = weights.get(part).floatValue();
            float[] values = parts.get(part).values();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += values[i] * weight;
            }
        }
        return new HostTensor(parts.get(0).shape(), sum);
    }
}
