package dev.weir.engine.pipeline;

/**
 * The sizes of pictures, in pixels.
 *
 * @param multiple sides are multiples of it
 * @param usual the side of a picture whose request names none
 */
public record Sizes(int min, int max, int multiple, int usual) {

    private static final int LEAST = 64;
    private static final int MOST_TIMES_USUAL = 4;

    /** Those that a convolutional network which was trained at one size makes. */
    static Sizes around(int usual, int multiple) {
        return new Sizes(
                roundUp(Math.min(LEAST, usual), multiple),
                roundUp(MOST_TIMES_USUAL * usual, multiple),
                multiple,
                usual);
    }

    private static int roundUp(int size, int multiple) {
        return (size + multiple - 1) / multiple * multiple;
    }

    Sizes enlargedBy(int factor) {
        return new Sizes(min * factor, max * factor, multiple * factor, usual * factor);
    }

    Sizes upTo(int most) {
        return new Sizes(min, Math.min(max, most), multiple, usual);
    }
}
