package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * States between those of two prompts: ComfyUI's {@code ConditioningAverage}. There are as many as the first prompt has: more of the second
 * one are left out, and fewer are filled up with zeros.
 *
 * @param share of the first prompt
 */
record AverageReading(Reading to, Reading from, double share) implements Reading {

    @Override
    public List<TokenRow> rows() {
        return Stream.concat(to.rows().stream(), from.rows().stream()).toList();
    }

    @Override
    public int tokens() {
        return to.tokens();
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        int own = to.rows().size();
        HostTensor first = to.join(states.subList(0, own));
        HostTensor second = from.join(states.subList(own, states.size()));
        float[] same = Arrays.copyOf(second.values(), first.values().length);
        return States.sum(List.of(first, new HostTensor(first.shape(), same)), List.of(share, 1 - share));
    }

    @Override
    public Map<Integer, Double> pooled() {
        int own = to.rows().size();
        Map<Integer, Double> shares = new LinkedHashMap<>();
        to.pooled().forEach((row, weight) -> shares.put(row, share * weight));
        from.pooled().forEach((row, weight) -> shares.put(own + row, (1 - share) * weight));
        return shares;
    }
}
