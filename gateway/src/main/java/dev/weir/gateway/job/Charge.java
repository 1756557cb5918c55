package dev.weir.gateway.job;

import java.util.List;

/**
 * What a job counts against the limits of its user. A request whose later jobs begin with the pictures of its first one is admitted as a
 * whole, so that none of them is refused when the first is done. Immutable.
 *
 * @param images 0: the job was admitted with an earlier one
 * @param pixelSteps width times height times steps of all images
 */
public record Charge(int images, double pixelSteps) {

    static final Charge NONE = new Charge(0, 0);

    /** Of a job that is not part of a larger request, or what it was said to count. */
    public static Charge of(JobSpec spec) {
        return spec.charge().orElseGet(() -> new Charge(spec.samples(), pixelSteps(spec) * spec.samples()));
    }

    /** Of a first job and of later ones, each of which changes all of its images: these count once, and the steps of all. */
    static Charge of(JobSpec first, List<JobSpec> later) {
        double steps = pixelSteps(first)
                + later.stream().mapToDouble(Charge::pixelSteps).sum();
        return new Charge(first.samples(), steps * first.samples());
    }

    private static double pixelSteps(JobSpec spec) {
        return (double) spec.generation().getWidth() * spec.generation().getHeight() * spec.totalSteps();
    }

    /** Whether the job was admitted with an earlier one of its request. */
    boolean isPaid() {
        return images == 0;
    }
}
