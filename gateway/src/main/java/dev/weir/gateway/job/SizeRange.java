package dev.weir.gateway.job;

/**
 * Sides of an image that a request may ask for: the multiples of a number, from a least to a greatest.
 *
 * @param upsampled whether such an image goes through the upsampler
 */
public record SizeRange(int min, int max, int multiple, boolean upsampled) {

    private static final double ROUNDING = 1e-6;

    /**
     * The size nearest to a picture's, with its ratio as far as possible.
     *
     * @param area larger pictures are made smaller, to about so many pixels
     */
    public int[] near(int width, int height, double area) {
        double scale = Math.min(1, Math.sqrt(area / ((double) width * height)));
        return new int[] {side(width * scale), side(height * scale)};
    }

    private int side(double length) {
        int whole = (int) (length + ROUNDING) / multiple * multiple;
        return Math.max((min + multiple - 1) / multiple * multiple, Math.min(max / multiple * multiple, whole));
    }

    /** A side rounded down to a multiple. */
    public int floor(long side) {
        return (int) Math.min(Integer.MAX_VALUE, side / multiple * multiple);
    }

    public boolean contains(int side) {
        return side % multiple == 0 && side >= min && side <= max;
    }
}
