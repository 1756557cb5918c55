package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Prompts whose states follow one another: ComfyUI's {@code ConditioningConcat}. The pooled state is the first one's. */
record SequenceReading(List<Reading> parts) implements Reading {

    SequenceReading {
        parts = List.copyOf(parts);
    }

    @Override
    public List<TokenRow> rows() {
        return parts.stream().flatMap(part -> part.rows().stream()).toList();
    }

    @Override
    public int tokens() {
        return parts.stream().mapToInt(Reading::tokens).sum();
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        List<HostTensor> joined = new ArrayList<>();
        int from = 0;
        for (Reading part : parts) {
            int to = from + part.rows().size();
            joined.add(part.join(states.subList(from, to)));
            from = to;
        }
        return States.inSequence(joined);
    }

    @Override
    public Map<Integer, Double> pooled() {
        return parts.get(0).pooled();
    }
}
