package dev.weir.engine;

/** A picture of 8-bit RGB, rows from the top, three bytes a pixel: {@code [height, width, 3]}. */
public record RgbImage(int width, int height, byte[] pixels) {

    public RgbImage {
        if (pixels.length != 3 * width * height) {
            throw new IllegalArgumentException(
                    "%d bytes do not fill %dx%d RGB".formatted(pixels.length, width, height));
        }
    }
}
