package dev.weir.engine.sampler;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * A scheduler of diffusers with the values of its keys. Immutable. Two are equal if all their keys have equal values, which
 * is how a model's own scheduler is found among the named ones.
 */
interface Scheduler {

    /** The largest number of steps of a run. */
    int mostSteps();

    /** Whether a schedule can be laid out for the strength of an image-to-image run, so that the run has all its steps. */
    default boolean laysOutStrength() {
        return false;
    }

    /** Whether steps may be guided by the gradient of a classifier: see {@link Sampler#takesGradient}. */
    default boolean takesGradient() {
        return false;
    }

    /** Throws IllegalArgumentException if the schedule has no run of so many steps. */
    Sampler sampler(Run run);

    /**
     * What a request decides about a run.
     *
     * @param steps of the scheduler, between 1 and {@link #mostSteps}; a run may need more network calls
     * @param eta share of random noise, for the schedulers that take it
     * @param strength of an image-to-image run that the schedule is laid out for, else 1; only few-step schedules depend on it
     * @param tokens of the picture for a transformer, which some flows' noise levels depend on; empty where it is not known
     */
    record Run(int steps, Optional<Float> eta, double strength, OptionalInt tokens) {}
}
