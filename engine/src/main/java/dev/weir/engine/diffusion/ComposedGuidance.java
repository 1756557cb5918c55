package dev.weir.engine.diffusion;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/**
 * Guidance by prompts whose texts change by step, and by several at once (Liu et al. 2022, arXiv 2206.01714), as stable-diffusion-webui
 * does it: {@code negative + sum of weight * scale * (prompt - negative)}. Without a negative prompt, the first prompt stands for it, and
 * the scale is 1.
 *
 * @param negatives of which the mean by weight counts, as in ComfyUI; empty: no guidance
 * @param isFilled whether shorter prompts are filled up with their last state
 * @param rescale 0 to 1: how much of the result is given the standard deviation of the first prompt's output
 */
public record ComposedGuidance(List<Part> parts, boolean isFilled, List<Part> negatives, float scale, float rescale)
        implements Guider {

    /**
     * @param inputs at each step
     * @param counts at which steps it does. The others there have its weight too. At each step, one counts
     */
    public record Part(IntFunction<Tensors> inputs, float weight, IntPredicate counts) {

        /** One that counts at all steps. */
        public Part(IntFunction<Tensors> inputs, float weight) {
            this(inputs, weight, step -> true);
        }
    }

    public ComposedGuidance {
        parts = List.copyOf(parts);
        negatives = List.copyOf(negatives);
    }

    @Override
    public List<Tensors> branches(int step) {
        List<Tensors> all = new ArrayList<>(inputs(negatives, step));
        List<Tensors> prompts = inputs(parts, step);
        all.addAll(isFilled ? equallyLong(prompts) : prompts);
        return all;
    }

    @Override
    public boolean isPrompt(int step, int branch) {
        return branch >= at(negatives, step).size();
    }

    private static List<Part> at(List<Part> some, int step) {
        return some.stream().filter(part -> part.counts().test(step)).toList();
    }

    private static List<Tensors> inputs(List<Part> some, int step) {
        return at(some, step).stream().map(part -> part.inputs().apply(step)).toList();
    }

    private static float weights(List<Part> some) {
        float sum = 0;
        for (Part part : some) {
            sum += part.weight();
        }
        return sum;
    }

    /** The tool repeats the last state of shorter prompts. */
    private static List<Tensors> equallyLong(List<Tensors> prompts) {
        String name = Tensors.ENCODER_HIDDEN_STATES;
        int longest = prompts.stream()
                .flatMap(prompt -> prompt.find(name).stream())
                .mapToInt(states -> states.side(0))
                .max()
                .orElse(0);
        return prompts.stream()
                .map(prompt -> prompt.find(name)
                        .filter(states -> states.side(0) < longest)
                        .map(states -> prompt.with(name, longer(states, longest)))
                        .orElse(prompt))
                .toList();
    }

    private static HostTensor longer(HostTensor states, int tokens) {
        int width = states.side(1);
        float[] values = Arrays.copyOf(states.values(), tokens * width);
        for (int i = states.values().length; i < values.length; i++) {
            values[i] = values[i - width];
        }
        return HostTensor.of(values, tokens, width);
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        List<Part> against = at(negatives, step);
        int first = against.size();
        boolean isGuided = first > 0;
        float[] without = first > 1 ? mean(against, outputs, size) : outputs.get(0);
        float[] combined = outputs.get(first).clone();
        System.arraycopy(without, 0, combined, 0, size);
        List<Part> counting = at(parts, step);
        float share = counting.size() == parts.size() ? 1 : weights(parts) / weights(counting);
        for (int part = 0; part < counting.size(); part++) {
            float[] with = outputs.get(first + part);
            float weight = counting.get(part).weight() * share * (isGuided ? scale : 1);
            for (int i = 0; i < size; i++) {
                combined[i] += weight * (with[i] - without[i]);
            }
        }
        ClassifierFreeGuidance.rescale(combined, outputs.get(first), isGuided ? rescale : 0, size);
        return combined;
    }

    private static float[] mean(List<Part> some, List<float[]> outputs, int size) {
        float all = weights(some);
        float[] mean = new float[size];
        for (int part = 0; part < some.size(); part++) {
            float[] output = outputs.get(part);
            float share = some.get(part).weight() / all;
            for (int i = 0; i < size; i++) {
                mean[i] += share * output[i];
            }
        }
        return mean;
    }
}
