package dev.weir.gateway.job;

import java.util.Optional;

/**
 * Sides of an image that a request may ask for: the multiples of a number, from a least to a greatest.
 *
 * @param upsampled whether such an image goes through the upsampler
 */
public record SizeRange(int min, int max, int multiple, boolean upsampled) {

    private static final double ROUNDING = 1e-6;

    /**
     * The size nearest to a picture's, in its ratio but for the rounding to multiples. Where there is one size alone, that; empty if no
     * size has the ratio.
     *
     * @param area larger pictures are made smaller, to about so many pixels
     */
    public Optional<int[]> near(int width, int height, double area) {
        int least = least();
        int most = most();
        if (isOne()) {
            return Optional.of(new int[] {most, most});
        }
        double smaller = Math.min(Math.sqrt(area / ((double) width * height)), most / (double) Math.max(width, height));
        double scale = Math.max(Math.min(1, smaller), least / (double) Math.min(width, height));
        int[] near = {side(width * scale), side(height * scale)};
        return Math.max(near[0], near[1]) > most ? Optional.empty() : Optional.of(near);
    }

    /** Whether there is one size alone, {@link #most} by itself. */
    public boolean isOne() {
        return least() >= most();
    }

    private int least() {
        return (min + multiple - 1) / multiple * multiple;
    }

    /** The longest side. */
    public int most() {
        return max / multiple * multiple;
    }

    private int side(double length) {
        return (int) (length + ROUNDING) / multiple * multiple;
    }

    /** A side rounded down to a multiple. */
    public int floor(long side) {
        return (int) Math.min(Integer.MAX_VALUE, side / multiple * multiple);
    }

    public boolean contains(int side) {
        return side % multiple == 0 && side >= min && side <= max;
    }
}
