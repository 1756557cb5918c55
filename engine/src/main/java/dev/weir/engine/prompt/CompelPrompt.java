package dev.weir.engine.prompt;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A prompt of compel 2: parts whose states are concatenated. What is between the parts' brackets is read by {@link CompelGrammar}.
 *
 * @param weights of the parts
 */
record CompelPrompt(List<Blend> parts, List<Double> weights) {

    private static final Pattern TIGHT_COMMA = Pattern.compile(",(\\S)", Pattern.UNICODE_CHARACTER_CLASS);

    CompelPrompt {
        parts = List.copyOf(parts);
        weights = List.copyOf(weights);
    }

    /**
     * Prompts whose states are added.
     *
     * @param prompts of fragments each
     * @param normalized whether the weights are divided by their sum
     */
    record Blend(List<List<Fragment>> prompts, List<Double> weights, boolean normalized) {

        Blend {
            prompts = prompts.stream().map(CompelPrompt::joined).toList();
            weights = List.copyOf(weights);
        }

        static Blend of(List<Fragment> prompt) {
            return new Blend(List.of(prompt), List.of(1.0), true);
        }
    }

    /** Throws an IllegalArgumentException that says what cannot be read. */
    static CompelPrompt parse(String text) {
        String spaced = TIGHT_COMMA.matcher(text).replaceAll(", $1").replace('\t', ' ');
        return spaced.isBlank() ? of(Blend.of(List.of(new Fragment("", 1)))) : new CompelGrammar(spaced).prompt();
    }

    static CompelPrompt of(Blend blend) {
        return new CompelPrompt(List.of(blend), List.of(1.0));
    }

    /** @param weights as many as there are parts, or none */
    static List<Double> weights(String operator, int parts, List<Double> weights) {
        if (weights.isEmpty()) {
            return Collections.nCopies(parts, 1.0);
        }
        if (weights.size() != parts) {
            throw new IllegalArgumentException(
                    "%s() of %d prompts has %d weights".formatted(operator, parts, weights.size()));
        }
        return weights;
    }

    /** Neighbours of one weight are one fragment. */
    private static List<Fragment> joined(List<Fragment> fragments) {
        List<Fragment> joined = new ArrayList<>();
        for (Fragment fragment : fragments) {
            int last = joined.size() - 1;
            if (last >= 0 && joined.get(last).weight() == fragment.weight()) {
                joined.set(last, new Fragment(joined.get(last).text() + " " + fragment.text(), fragment.weight()));
            } else {
                joined.add(fragment);
            }
        }
        return List.copyOf(joined);
    }
}
