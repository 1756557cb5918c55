package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A prompt of ComfyUI in one row of the encoder's length, which a transformer that sees several encoders takes: what is longer is cut. Each
 * weighted part is read for itself, and its states are as far from those of the empty prompt as its weight says. The pooled state is that of
 * the words without weights.
 *
 * @param weights of the tokens
 * @param empty the row of the empty prompt
 */
record WeightedRow(TokenRow row, double[] weights, TokenRow empty, String cut) implements Reading {

    static WeightedRow of(String text, Tokenizer tokenizer) {
        Tokens none = tokenizer.encode("");
        int before = none.own() - 1; // T5 has no mark before the text
        int room = tokenizer.length() - none.own();
        long[] ids = none.ids().clone();
        double[] weights = new double[ids.length];
        Arrays.fill(weights, 1);
        List<Long> words = new ArrayList<>();
        List<Fragment> fragments = ComfyPrompt.parse(text);
        for (Fragment fragment : fragments) {
            for (long id : tokenizer.words(fragment.text())) {
                if (words.size() < room) {
                    weights[before + words.size()] = fragment.weight();
                    ids[before + words.size()] = id;
                }
                words.add(id);
            }
        }
        int kept = Math.min(words.size(), room);
        ids[before + kept] = tokenizer.marks().end();
        String plain = fragments.stream().map(Fragment::text).collect(Collectors.joining());
        return new WeightedRow(
                new TokenRow(ids, -1, new BitSet(), kept + none.own()),
                weights,
                TokenRow.of(none),
                tokenizer.encode(plain).cut());
    }

    private boolean isWeighted() {
        return Arrays.stream(weights).anyMatch(weight -> weight != 1);
    }

    @Override
    public List<TokenRow> rows() {
        return isWeighted() ? List.of(row, empty) : List.of(row);
    }

    @Override
    public int tokens() {
        return weights.length;
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        return isWeighted() ? Emphasis.FROM_EMPTY.apply(states.get(0), weights, states.get(1)) : states.get(0);
    }
}
