package dev.weir.gateway.user;

/**
 * The limits of a user. Immutable.
 *
 * @param inFlight unfinished images at once
 * @param perMinute images in any 60 seconds
 * @param pixelStepsPerDay width times height times steps of all images, from midnight to midnight, UTC
 */
public record Allowance(long inFlight, long perMinute, double pixelStepsPerDay) {

    public static final Allowance UNLIMITED = new Allowance(Long.MAX_VALUE, Long.MAX_VALUE, Double.POSITIVE_INFINITY);

    /** Whether gateways must count together what a user has used. */
    boolean isCounted() {
        return perMinute < Long.MAX_VALUE || pixelStepsPerDay < Double.POSITIVE_INFINITY;
    }
}
