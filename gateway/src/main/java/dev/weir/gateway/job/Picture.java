package dev.weir.gateway.job;

/**
 * An encoded image: a frame or the final image.
 *
 * @param format {@code png}, {@code jpeg} or {@code webp}; {@link #PLY}: the file is of the points that a picture would show
 * @param bytes the file; shared, must not be changed
 * @param flagged whether the model's safety checker found something in it
 */
public record Picture(String format, int width, int height, byte[] bytes, boolean flagged) {

    public static final String PLY = "ply";

    public String mediaType() {
        return format.equals(PLY) ? "model/ply" : "image/" + format;
    }

    public String size() {
        return width + "x" + height;
    }
}
