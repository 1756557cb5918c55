package dev.weir.engine.sampler;

/**
 * The part of a schedule that a run covers. The whole schedule is laid out for {@code steps}, whatever the part.
 *
 * @param steps of the whole schedule
 * @param strength of image-to-image: the share of the steps that are run, counted from the end
 * @param count how many steps a strength leaves
 * @param start in 0 to 1: the run leaves out the timesteps above this share of the training schedule, which another stage has
 *     done; then the strength has no effect
 * @param end in 0 to 1: the run stops at this share of the training schedule, and another stage goes on
 * @param firstStep of the whole schedule that the run does, where that is said by steps
 * @param endStep the step after its last one; {@code steps} or more: all to the end
 */
public record Span(
        int steps, double strength, StrengthCount count, double start, double end, int firstStep, int endStep) {

    public Span {
        requireShare("strength", strength);
        requireShare("denoising_start", start);
        requireShare("denoising_end", end);
        if (start >= end) {
            throw new IllegalArgumentException(
                    "denoising_start %s must be less than denoising_end %s".formatted(start, end));
        }
    }

    public Span(int steps, double strength, StrengthCount count, double start, double end) {
        this(steps, strength, count, start, end, 0, steps);
    }

    public static Span whole(int steps) {
        return ofStrength(steps, 1);
    }

    public static Span ofStrength(int steps, double strength) {
        return ofStrength(steps, strength, StrengthCount.WHOLE_STEPS);
    }

    public static Span ofStrength(int steps, double strength, StrengthCount count) {
        return new Span(steps, strength, count, 0, 1);
    }

    public static Span between(int steps, double start, double end) {
        return new Span(steps, 1, StrengthCount.WHOLE_STEPS, start, end);
    }

    /** Up to the end where the end is {@code steps}. */
    public static Span ofSteps(int steps, int first, int end) {
        return new Span(steps, 1, StrengthCount.WHOLE_STEPS, 0, 1, first, end);
    }

    /** The part of a sampler that is laid out for all steps. Throws IllegalArgumentException if no step is left. */
    Sampler of(Sampler whole, int trainTimesteps) {
        int begin =
                start > 0 ? beginAt(whole, trainTimesteps) : (count.first(steps, strength) + firstStep) * whole.order();
        int stop = end < 1 ? endAt(whole, trainTimesteps) : endByStep(whole);
        if (begin >= stop) {
            throw new IllegalArgumentException(
                    "no step is left of %d with strength %s, denoising_start %s and denoising_end %s, from step %d to %d"
                            .formatted(steps, strength, start, end, firstStep, endStep));
        }
        return begin == 0 && stop == whole.steps() ? whole : new PartialSampler(whole, begin, stop);
    }

    private int endByStep(Sampler whole) {
        return endStep < steps ? Math.min(endStep * whole.order(), whole.steps()) : whole.steps();
    }

    /** As StableDiffusionXLImg2ImgPipeline.get_timesteps counts: from the end, a whole step of a second-order method. */
    private int beginAt(Sampler whole, int trainTimesteps) {
        long cutoff = cutoff(start, trainTimesteps);
        int left = 0;
        for (int step = 0; step < whole.steps(); step++) {
            left += whole.timestep(step) < cutoff ? 1 : 0;
        }
        if (whole.order() == 2 && left % 2 == 0) {
            left++;
        }
        return whole.steps() - left;
    }

    private int endAt(Sampler whole, int trainTimesteps) {
        long cutoff = cutoff(end, trainTimesteps);
        int done = 0;
        for (int step = 0; step < whole.steps(); step++) {
            done += whole.timestep(step) >= cutoff ? 1 : 0;
        }
        return done;
    }

    /** Python rounds halves to even. */
    private static long cutoff(double share, int trainTimesteps) {
        return (long) Math.rint(trainTimesteps - share * trainTimesteps);
    }

    private static void requireShare(String name, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("%s must be between 0 and 1, not %s".formatted(name, share));
        }
    }
}
