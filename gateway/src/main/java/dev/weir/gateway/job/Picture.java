package dev.weir.gateway.job;

/**
 * An encoded image: a frame or the final image.
 *
 * @param format {@code png}, {@code jpeg} or {@code webp}
 * @param bytes the file; shared, must not be changed
 * @param flagged whether the model's safety checker found something in it
 */
public record Picture(String format, int width, int height, byte[] bytes, boolean flagged) {

    public String mediaType() {
        return "image/" + format;
    }

    public String size() {
        return width + "x" + height;
    }
}
