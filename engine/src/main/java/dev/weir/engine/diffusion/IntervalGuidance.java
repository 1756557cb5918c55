package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Guidance in a part of the steps. Other steps run the prompt's network rows alone, so a guided sample then takes one row instead of
 * two or three. They may add the difference that guidance made in its last step, which the row remembers.
 *
 * @param guided of the steps in the interval
 * @param plain of the others: the branches of the prompt
 * @param steps of the run
 */
record IntervalGuidance(Guider guided, Guider plain, GuidanceInterval interval, int steps) implements Guider {

    private boolean isGuided(int step) {
        return step >= interval.firstStep(steps) && step < interval.endStep(steps);
    }

    private Guider at(int step) {
        return isGuided(step) ? guided : plain;
    }

    @Override
    public List<Tensors> branches(int step) {
        return at(step).branches(step);
    }

    @Override
    public float[] seen(float[] sample, int step, int branch) {
        return at(step).seen(sample, step, branch);
    }

    @Override
    public boolean isPrompt(int step, int branch) {
        return at(step).isPrompt(step, branch);
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        return at(step).combine(outputs, step, size);
    }

    @Override
    public Combined combine(List<float[]> outputs, int step, int size, Optional<float[]> remembered) {
        float[] combined = combine(outputs, step, size);
        if (!interval.isReused() || step < interval.endStep(steps) - 1) {
            return new Combined(combined, Optional.empty());
        }
        if (isGuided(step)) {
            float[] prompts = plain.combine(ofPrompt(outputs, step), step, size);
            float[] difference = new float[size];
            for (int i = 0; i < size; i++) {
                difference[i] = combined[i] - prompts[i];
            }
            return new Combined(combined, Optional.of(difference));
        }
        return new Combined(
                remembered.map(difference -> sum(combined, difference)).orElse(combined), remembered);
    }

    private List<float[]> ofPrompt(List<float[]> outputs, int step) {
        List<float[]> own = new ArrayList<>();
        for (int branch = 0; branch < outputs.size(); branch++) {
            if (guided.isPrompt(step, branch)) {
                own.add(outputs.get(branch));
            }
        }
        return own;
    }

    /** What is longer than the difference is the network's variance. */
    private static float[] sum(float[] output, float[] difference) {
        float[] sum = output.clone();
        for (int i = 0; i < difference.length; i++) {
            sum[i] += difference[i];
        }
        return sum;
    }
}
