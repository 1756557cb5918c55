package dev.weir.engine.sampler;

/**
 * A scheduler of diffusers with the values of its keys. Immutable. Two are equal if all their keys have equal values, which
 * is how a model's own scheduler is found among the named ones.
 */
interface Scheduler {

    /** The largest number of steps of a run. */
    int mostSteps();

    /** Throws IllegalArgumentException if the schedule has no run of so many steps. */
    Sampler sampler(Run run);

    /**
     * What a request decides about a run.
     *
     * @param steps of the scheduler, between 1 and {@link #mostSteps}; a run may need more network calls
     * @param eta share of random noise, for the schedulers that take it
     * @param strength of an image-to-image run, else 1; only few-step schedules depend on it
     */
    record Run(int steps, java.util.Optional<Float> eta, double strength) {}
}
