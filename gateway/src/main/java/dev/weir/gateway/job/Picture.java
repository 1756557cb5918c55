package dev.weir.gateway.job;

/**
 * An encoded image: a frame or the final image.
 *
 * @param format {@code png}, {@code jpeg} or {@code webp}
 * @param bytes the file; shared, must not be changed
 */
public record Picture(String format, int width, int height, byte[] bytes) {

    public String mediaType() {
        return "image/" + format;
    }

    public String size() {
        return width + "x" + height;
    }
}
