package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import dev.weir.engine.prompt.CompelPrompt.Blend;
import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A prompt as compel reads it: blends of prompts, one after another. The last row is the text as it stands, whose pooled state is the
 * prompt's; the row before it is the empty prompt.
 */
record CompelReading(CompelPrompt prompt, List<List<CompelChunks>> parts, TokenRow empty, TokenRow whole)
        implements Reading {

    static CompelReading of(String text, Tokenizer tokenizer) {
        CompelPrompt prompt = CompelPrompt.parse(text);
        List<List<CompelChunks>> parts = prompt.parts().stream()
                .map(blend -> blend.prompts().stream()
                        .map(fragments -> CompelChunks.of(fragments, tokenizer))
                        .toList())
                .toList();
        TokenRow whole = TokenRow.of(tokenizer.encode(text));
        return new CompelReading(prompt, parts, new Chunk(tokenizer).row(), whole);
    }

    @Override
    public List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        parts.forEach(blend -> blend.forEach(chunks -> rows.addAll(chunks.rows())));
        rows.add(empty);
        rows.add(whole);
        return rows;
    }

    @Override
    public int tokens() {
        return parts.stream().mapToInt(CompelReading::longest).sum();
    }

    private static int longest(List<CompelChunks> prompts) {
        return prompts.stream().mapToInt(CompelChunks::tokens).max().orElseThrow();
    }

    @Override
    public Map<Integer, Double> pooled() {
        return Map.of(rows().size() - 1, 1.0);
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        HostTensor without = states.get(states.size() - 2);
        List<HostTensor> joined = new ArrayList<>();
        int from = 0;
        for (int part = 0; part < parts.size(); part++) {
            List<CompelChunks> prompts = parts.get(part);
            List<HostTensor> blended = new ArrayList<>();
            int longest = longest(prompts);
            for (CompelChunks chunks : prompts) {
                int to = from + chunks.rows().size();
                blended.add(States.padded(chunks.join(states.subList(from, to), without), longest, without));
                from = to;
            }
            joined.add(weighted(
                    blended(prompt.parts().get(part), blended), prompt.weights().get(part), without));
        }
        return States.inSequence(joined);
    }

    private static HostTensor blended(Blend blend, List<HostTensor> states) {
        List<Double> weights = blend.normalized() ? States.normalized(blend.weights()) : blend.weights();
        return states.size() == 1 && weights.get(0) == 1 ? states.get(0) : States.sum(states, weights);
    }

    private static HostTensor weighted(HostTensor states, double weight, HostTensor without) {
        if (weight == 1) {
            return states;
        }
        HostTensor empty = States.padded(without, states.side(0), without);
        return States.sum(List.of(states, empty), List.of(weight, 1 - weight));
    }
}
