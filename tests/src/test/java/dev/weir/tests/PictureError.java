package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** How near a picture is to a reference's of the same size. */
final class PictureError {

    private PictureError() {}

    /** In decibels; infinite where both are equal. */
    static double psnr(byte[] picture, Path reference) throws IOException {
        BufferedImage ours = ImageIO.read(new ByteArrayInputStream(picture));
        BufferedImage theirs = ImageIO.read(reference.toFile());
        assertThat(ours.getWidth()).isEqualTo(theirs.getWidth());
        assertThat(ours.getHeight()).isEqualTo(theirs.getHeight());
        double squares = 0;
        for (int y = 0; y < ours.getHeight(); y++) {
            for (int x = 0; x < ours.getWidth(); x++) {
                for (int shift = 0; shift < 24; shift += 8) {
                    double difference = (ours.getRGB(x, y) >> shift & 0xff) - (theirs.getRGB(x, y) >> shift & 0xff);
                    squares += difference * difference;
                }
            }
        }
        double mean = squares / (3.0 * ours.getWidth() * ours.getHeight());
        return mean == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(255 * 255 / mean);
    }
}
