package dev.weir.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ImageHeaderTest {

    @ParameterizedTest
    @CsvSource({"png,image/png", "jpg,image/jpeg"})
    void theSizeIsReadFromTheHeader(String format, String type) throws IOException {
        assertThat(ImageHeader.of(file(format))).contains(new ImageHeader(type, 321, 123));
    }

    /** Of one pixel, made by libwebp: lossy, and lossless. */
    @ParameterizedTest
    @CsvSource({
        "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA,1,1",
        "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==,1,1"
    })
    void webpToo(String base64, int width, int height) {
        assertThat(ImageHeader.of(Base64.getDecoder().decode(base64)))
                .contains(new ImageHeader("image/webp", width, height));
    }

    @Test
    void noStartOfAFileBreaksIt() throws IOException {
        Random random = new Random(3);
        for (String format : new String[] {"png", "jpg"}) {
            byte[] whole = file(format);
            for (int length = 0; length < Math.min(whole.length, 700); length++) {
                byte[] part = Arrays.copyOf(whole, length);
                ImageHeader.of(part)
                        .ifPresent(header -> assertThat(header.width()).isEqualTo(321));
                for (int i = 2; i < part.length; i += 3) {
                    part[i] = (byte) random.nextInt();
                }
                ImageHeader.of(part);
            }
        }
        assertThat(ImageHeader.of("GIF89a and more bytes after it than that".getBytes()))
                .isEmpty();
    }

    private static byte[] file(String format) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(321, 123, BufferedImage.TYPE_INT_RGB), format, file);
        return file.toByteArray();
    }
}
