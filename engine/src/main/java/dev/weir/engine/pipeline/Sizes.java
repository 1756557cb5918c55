package dev.weir.engine.pipeline;

/**
 * The sizes of pictures, in pixels.
 *
 * @param multiple sides are multiples of it
 * @param usual the side of a picture whose request names none
 */
public record Sizes(int min, int max, int multiple, int usual) {

    Sizes enlargedBy(int factor) {
        return new Sizes(min * factor, max * factor, multiple * factor, usual * factor);
    }

    Sizes upTo(int most) {
        return new Sizes(min, Math.min(max, most), multiple, usual);
    }
}
