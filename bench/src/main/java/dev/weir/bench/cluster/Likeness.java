package dev.weir.bench.cluster;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.ImageIO;

/**
 * The similarity of two image files.
 *
 * @param bytesEqual whether the files are the same
 * @param decibels peak signal-to-noise ratio of their pixels; infinite if they are equal
 */
public record Likeness(boolean bytesEqual, double decibels) {

    private static final double PEAK = 255;

    /** Throws IllegalArgumentException if one is no image, or if their sizes differ. */
    public static Likeness of(byte[] file, byte[] other) {
        if (Arrays.equals(file, other)) {
            return new Likeness(true, Double.POSITIVE_INFINITY);
        }
        int[] pixels = pixels(file);
        int[] others = pixels(other);
        if (pixels.length != others.length) {
            throw new IllegalArgumentException(
                    "pictures of %d and of %d pixels are not alike".formatted(pixels.length, others.length));
        }
        double squares = 0;
        for (int i = 0; i < pixels.length; i++) {
            for (int shift = 0; shift < 24; shift += 8) {
                int difference = (pixels[i] >> shift & 0xff) - (others[i] >> shift & 0xff);
                squares += difference * difference;
            }
        }
        double mean = squares / (3.0 * pixels.length);
        return new Likeness(false, 10 * Math.log10(PEAK * PEAK / mean));
    }

    private static int[] pixels(byte[] file) {
        try {
            BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
            if (image == null) {
                throw new IllegalArgumentException("%d bytes are no picture".formatted(file.length));
            }
            return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
