package dev.weir.engine.image;

import java.awt.image.Raster;

/**
 * Pictures for printers: JPEGs of four channels, which hold inverted inks by Adobe's convention. Becomes RGB as in PIL, without
 * a profile. Stateless; any thread.
 */
final class Cmyk {

    private static final int BITS = 16;

    private Cmyk() {}

    /** @param ycck whether the first three channels are coded as luma and chroma */
    static Bitmap rgb(Raster raster, boolean ycck) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        var rgb = new byte[3 * width * height];
        int at = 0;
        int[] row = null;
        for (int y = 0; y < height; y++) {
            row = raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int key = row[4 * x + 3];
                for (int channel = 0; channel < 3; channel++) {
                    int paper = ycck ? decoded(row, 4 * x, channel) : row[4 * x + channel];
                    rgb[at++] = (byte) (key - by255((255 - paper) * key));
                }
            }
        }
        return new Bitmap(width, height, Bitmap.RGB, rgb);
    }

    /** libjpeg's conversion of YCCK, in its fixed-point arithmetic: the inverse of what YCbCr gives. */
    private static int decoded(int[] row, int at, int channel) {
        int luma = row[at];
        int blue = row[at + 1] - 128;
        int red = row[at + 2] - 128;
        int colour =
                switch (channel) {
                    case 0 -> luma + (fixed(1.40200) * red + (1 << (BITS - 1)) >> BITS);
                    case 1 -> luma + (-fixed(0.34414) * blue - fixed(0.71414) * red + (1 << (BITS - 1)) >> BITS);
                    default -> luma + (fixed(1.77200) * blue + (1 << (BITS - 1)) >> BITS);
                };
        return Math.min(255, Math.max(0, 255 - colour));
    }

    private static int fixed(double factor) {
        return (int) (factor * (1 << BITS) + 0.5);
    }

    private static int by255(int value) {
        int rounded = value + 128;
        return ((rounded >> 8) + rounded) >> 8;
    }
}
