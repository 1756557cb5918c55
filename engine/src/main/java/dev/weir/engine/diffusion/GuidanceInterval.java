package dev.weir.engine.diffusion;

/**
 * The part of a run that is guided (Kynkäänniemi et al. 2024, arXiv 2404.07724), and what comes after it. Immutable.
 *
 * @param start the share of the steps before which there is no guidance, from 0 to 1
 * @param end the share of the steps from which on there is none
 * @param isReused whether steps after the last guided one add the difference that guidance made there
 */
public record GuidanceInterval(double start, double end, boolean isReused) {

    public static final GuidanceInterval WHOLE = new GuidanceInterval(0, 1, false);

    public GuidanceInterval {
        if (!(start >= 0 && start <= end && end <= 1)) {
            throw new IllegalArgumentException(
                    "guidance must start and end between 0 and 1, in this order, not at %s and %s"
                            .formatted(start, end));
        }
    }

    /** Cuts full steps off, as diffusers' guiders do. */
    int firstStep(int steps) {
        return (int) (start * steps);
    }

    /** The step after the last guided one. */
    int endStep(int steps) {
        return (int) (end * steps);
    }

    /** The same of a stage that does a part of the steps, from one share of them to another. */
    public GuidanceInterval within(double from, double to) {
        return new GuidanceInterval(share(start, from, to), share(end, from, to), isReused);
    }

    private static double share(double at, double from, double to) {
        return Math.max(0, Math.min(1, (at - from) / (to - from)));
    }
}
