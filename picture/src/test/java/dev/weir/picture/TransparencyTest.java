package dev.weir.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

final class TransparencyTest {

    private static boolean isIn(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, file)).isTrue();
        return Transparency.isIn(file.toByteArray());
    }

    private static BufferedImage indexed(Color... colors) {
        byte[] parts = new byte[4 * colors.length];
        for (int i = 0; i < colors.length; i++) {
            parts[4 * i] = (byte) colors[i].getRed();
            parts[4 * i + 3] = (byte) colors[i].getAlpha();
        }
        IndexColorModel model = new IndexColorModel(8, colors.length, parts, 0, true);
        return new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_INDEXED, model);
    }

    @Test
    void aPngHasItInItsColours() throws IOException {
        assertThat(isIn(new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB), "png"))
                .isTrue();
        assertThat(isIn(indexed(Color.RED, new Color(0, 0, 0, 0)), "png")).isTrue();
        assertThat(isIn(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png"))
                .isFalse();
        assertThat(isIn(new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY), "png"))
                .isFalse();
        assertThat(isIn(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "jpeg"))
                .isFalse();
    }

    @Test
    void aWebpHasItInItsFlags() {
        assertThat(Transparency.isIn(webp("56503858 0A000000 10000000 000000000000")))
                .isTrue();
        assertThat(Transparency.isIn(webp("56503858 0A000000 00000000 000000000000")))
                .isFalse();
        assertThat(Transparency.isIn(webp("5650384C 05000000 2F00000010"))).isTrue();
        assertThat(Transparency.isIn(webp("5650384C 05000000 2F00000000"))).isFalse();
        assertThat(Transparency.isIn(webp("56503820 05000000 1010101010"))).isFalse();
    }

    private static byte[] webp(String chunk) {
        return HexFormat.of().parseHex("52494646 20000000 57454250".replace(" ", "") + chunk.replace(" ", ""));
    }
}
