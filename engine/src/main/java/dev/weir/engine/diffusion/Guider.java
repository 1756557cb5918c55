package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.List;
import java.util.Optional;

/**
 * How a row's step is steered: the inputs of each network row that a step needs, and how their outputs become one. Immutable.
 * All branches of a run have inputs of one {@link dev.weir.engine.Signature}; how many there are may change from step to step.
 */
public interface Guider {

    /** The inputs of the network rows of a step. */
    List<Tensors> branches(int step);

    /** What of a row's sample a branch sees. */
    default float[] seen(float[] sample, int step, int branch) {
        return sample;
    }

    /** Whether a branch of a step is of the prompt, and not of the negative one. */
    default boolean isPrompt(int step, int branch) {
        return branch == 0;
    }

    /**
     * The output that the sampler sees.
     *
     * @param outputs of the step's branches, in their order
     * @param size of the sample; a network that predicts a variance too gives it after the sample's own numbers
     */
    float[] combine(List<float[]> outputs, int step, int size);

    /**
     * The same where later steps need something of this one.
     *
     * @param remembered by the last step of the row
     */
    default Combined combine(List<float[]> outputs, int step, int size, Optional<float[]> remembered) {
        return new Combined(combine(outputs, step, size), Optional.empty());
    }

    /**
     * The same guidance in a part of the steps.
     *
     * @param plain what steps without it do: the branches of the prompt
     * @param steps of the run
     */
    default Guider in(GuidanceInterval interval, Guider plain, int steps) {
        return interval.equals(GuidanceInterval.WHOLE) ? this : new IntervalGuidance(this, plain, interval, steps);
    }

    /** No guidance: one branch, whose output counts. */
    static Guider none(Tensors inputs) {
        return new Unguided(inputs);
    }

    /** The guidance of a network that takes its scale as an embedding of a width, in one row for each sample. */
    static Guider embedded(Tensors prompt, float scale, int width) {
        return new Unguided(prompt.with(Tensors.TIMESTEP_COND, GuidanceEmbedding.of(scale, width)));
    }
}
