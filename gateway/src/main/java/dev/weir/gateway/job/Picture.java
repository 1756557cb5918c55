package dev.weir.gateway.job;

/**
 * An encoded image, a frame of the emerging picture or the picture itself.
 *
 * @param format {@code png} or {@code jpeg}
 * @param bytes the file; shared, never written to
 */
public record Picture(String format, int width, int height, byte[] bytes) {

    public String mediaType() {
        return "image/" + format;
    }

    public String size() {
        return width + "x" + height;
    }
}
