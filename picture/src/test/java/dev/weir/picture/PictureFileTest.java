package dev.weir.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PictureFileTest {

    @ParameterizedTest
    @CsvSource({"png,image/png", "jpg,image/jpeg"})
    void theSizeIsReadFromTheHeader(String format, String type) throws IOException {
        PictureFile file = PictureFile.of(file(format));

        assertThat(file.format().mediaType()).isEqualTo(type);
        assertThat(file.width()).isEqualTo(321);
        assertThat(file.height()).isEqualTo(123);
    }

    /** Of one pixel, made by libwebp: lossy, and lossless. */
    @ParameterizedTest
    @CsvSource({
        "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA,1,1",
        "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==,1,1"
    })
    void webpToo(String base64, int width, int height) {
        PictureFile file = PictureFile.of(Base64.getDecoder().decode(base64));

        assertThat(file.format().mediaType()).isEqualTo("image/webp");
        assertThat(file.width()).isEqualTo(width);
        assertThat(file.height()).isEqualTo(height);
    }

    /** The tag's values 5 to 8 are those of a camera that was held upright. */
    @ParameterizedTest
    @CsvSource({"1,321,123", "3,321,123", "4,321,123", "5,123,321", "6,123,321", "7,123,321", "8,123,321", "9,321,123"})
    void aTurnedPictureHasTheSizeOfTheUprightOne(int orientation, int width, int height) throws IOException {
        PictureFile file = PictureFile.of(turned(file("jpg"), orientation));

        assertThat(file.width()).isEqualTo(321);
        assertThat(file.uprightWidth()).isEqualTo(width);
        assertThat(file.uprightHeight()).isEqualTo(height);
    }

    @Test
    void aLineOfMillionsOfPixelsIsTooLong() throws IOException {
        assertThat(PictureFile.of(png(16_384, 1)).isTooLong()).isFalse();
        assertThat(PictureFile.of(png(16_385, 1)).isTooLong()).isTrue();
        PictureFile column = PictureFile.of(saying(20_000_000, png(1, 1)));
        assertThat(column.height()).isEqualTo(20_000_000);
        assertThat(column.isTooLong()).isTrue();
    }

    /** To write millions of rows takes seconds. The header is a chunk with a checksum. */
    private static byte[] saying(int height, byte[] png) {
        CRC32 checksum = new CRC32();
        ByteBuffer header = ByteBuffer.wrap(png).putInt(20, height);
        checksum.update(png, 12, 17);
        header.putInt(29, (int) checksum.getValue());
        return png;
    }

    private static byte[] png(int width, int height) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_BYTE_BINARY), "png", file);
        return file.toByteArray();
    }

    /** Whatever a file is, nothing but a {@link PictureException} comes of it. */
    @Test
    void noStartOfAFileBreaksIt() throws IOException {
        Random random = new Random(3);
        for (String format : new String[] {"png", "jpg"}) {
            byte[] whole = file(format);
            for (int length = 0; length < Math.min(whole.length, 700); length++) {
                byte[] part = Arrays.copyOf(whole, length);
                assertThatThrownBy(() -> PictureFile.of(part)).isInstanceOf(PictureException.class);
                for (int i = 2; i < part.length; i += 3) {
                    part[i] = (byte) random.nextInt();
                }
                assertThatThrownBy(() -> PictureFile.of(part)).isInstanceOf(PictureException.class);
            }
        }
        assertThatThrownBy(() -> PictureFile.of("GIF89a and more bytes after it than that".getBytes()))
                .hasMessage("the file is no PNG, JPEG or WebP picture");
    }

    /** With a segment of EXIF that has one tag. */
    private static byte[] turned(byte[] jpeg, int orientation) {
        ByteBuffer turned = ByteBuffer.allocate(jpeg.length + 36);
        turned.put(jpeg, 0, 2).putShort((short) 0xFFE1).putShort((short) 34);
        turned.put("Exif\0\0MM".getBytes(StandardCharsets.ISO_8859_1))
                .putShort((short) 42)
                .putInt(8);
        turned.putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1);
        turned.putShort((short) orientation).putShort((short) 0).putInt(0);
        return turned.put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] file(String format) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(321, 123, BufferedImage.TYPE_INT_RGB), format, file);
        return file.toByteArray();
    }
}
