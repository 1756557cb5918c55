package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.Arrays;
import java.util.List;

/**
 * Two samples in one: the first is the prompt's, which may be guided away from the negative prompt, and the second is the negative
 * prompt's own, as the prior of Kandinsky 2.2 makes both.
 */
public final class PairedGuidance implements Guider {

    private final Guider first;
    private final Tensors negative;

    /**
     * @param first of the prompt's sample
     * @param negative what the network takes for the negative prompt
     */
    public PairedGuidance(Guider first, Tensors negative) {
        this.first = first;
        this.negative = negative;
    }

    @Override
    public List<Tensors> branches(int step) {
        List<Tensors> prompts = first.branches(step);
        Tensors[] all = Arrays.copyOf(prompts.toArray(Tensors[]::new), prompts.size() + 1);
        all[prompts.size()] = negative;
        return List.of(all);
    }

    @Override
    public float[] seen(float[] sample, int step, int branch) {
        int half = sample.length / 2;
        return isOfFirst(step, branch) ? Arrays.copyOf(sample, half) : Arrays.copyOfRange(sample, half, sample.length);
    }

    @Override
    public boolean isPrompt(int step, int branch) {
        return isOfFirst(step, branch) && first.isPrompt(step, branch);
    }

    private boolean isOfFirst(int step, int branch) {
        return branch < first.branches(step).size();
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        int half = size / 2;
        int last = outputs.size() - 1;
        float[] combined = Arrays.copyOf(first.combine(outputs.subList(0, last), step, half), size);
        System.arraycopy(outputs.get(last), 0, combined, half, half);
        return combined;
    }
}
