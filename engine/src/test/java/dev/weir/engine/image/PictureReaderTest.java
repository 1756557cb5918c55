package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.image.PictureReader.Limits;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.picture.PictureException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Picture files of every kind against the pixels that PIL gives, and files that must not be read. */
class PictureReaderTest {

    private static final SafetensorsFile EXPECTED =
            SafetensorsFile.open(ReferenceFile.path("pictures/files.safetensors"));

    /** libwebp interpolates the chroma of neighbouring pixels; this decoder takes the nearest. */
    private static final int LOSSY_WEBP_LEVELS = 30;

    static Stream<String> files() {
        return StreamSupport.stream(ReferenceFile.json("pictures/files.json").spliterator(), false)
                .map(one -> one.get("file").asText());
    }

    static Stream<JsonNode> cases() {
        return StreamSupport.stream(ReferenceFile.json("pictures/files.json").spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void pixelsArePils(JsonNode one) {
        var name = one.get("file").asText();
        var picture = PictureReader.read(file(name), Limits.DEFAULT);
        int channels =
                one.get("shape").size() == 2 ? 1 : one.get("shape").get(2).asInt();
        assertThat(picture.hasAlpha()).isEqualTo(channels == Bitmap.RGBA);
        assertThat(picture.height()).isEqualTo(one.get("shape").get(0).asInt());
        assertThat(picture.width()).isEqualTo(one.get("shape").get(1).asInt());
        var actual = channels == 1 ? picture.grey() : channels == Bitmap.RGB ? picture.rgb() : picture;
        int allowed = name.startsWith("lossy") ? LOSSY_WEBP_LEVELS : 0;
        assertThat(worst(actual.values(), name)).as("levels").isLessThanOrEqualTo(allowed);
    }

    @Test
    void aLineOfMillionsOfPixelsIsRefused() throws IOException {
        var line = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20_000, 1, BufferedImage.TYPE_BYTE_BINARY), "png", line);
        assertThatThrownBy(() -> PictureReader.read(line.toByteArray(), Limits.DEFAULT))
                .isInstanceOf(PictureException.class)
                .hasMessage("the picture has 20000x1 pixels; a side has at most 16384");
    }

    @Test
    void aSmallHeapReadsSmallerPictures() {
        assertThat(Limits.ofHeap(512L << 20).pixels()).isEqualTo(8 << 20);
        assertThat(Limits.ofHeap(2L << 30).pixels()).isEqualTo(20_000_000);
    }

    @ParameterizedTest
    @MethodSource("files")
    void aTruncatedFileIsRefusedAndSaysSo(String name) {
        var whole = file(name);
        for (int kept : new int[] {whole.length / 4, whole.length / 2, whole.length * 3 / 4, whole.length - 3}) {
            assertThatThrownBy(() -> PictureReader.read(Arrays.copyOf(whole, kept), Limits.DEFAULT))
                    .isInstanceOf(PictureException.class)
                    .hasMessageContaining("truncated: it ends after " + kept + " bytes");
        }
    }

    /** Every damage gives a picture or a reason, never another exception. */
    @ParameterizedTest
    @MethodSource("files")
    void aDamagedFileGivesAPictureOrAReason(String name) {
        var random = new Random(name.hashCode());
        for (int i = 0; i < 60; i++) {
            var damaged = file(name).clone();
            for (int j = 0; j <= i % 4; j++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            assertThatCode(() -> {
                        try {
                            PictureReader.read(damaged, Limits.DEFAULT);
                        } catch (PictureException e) {
                            assertThat(e).hasMessageStartingWith("the ");
                        }
                    })
                    .doesNotThrowAnyException();
        }
    }

    /** Counts of a byte that read as negative numbers where the sign is not left out. */
    @ParameterizedTest
    @MethodSource("files")
    void anyHeaderByteMayBeTheLargest(String name) {
        var soon = new Limits(Limits.DEFAULT.bytes(), 1_000_000);
        for (int at = 0; at < Math.min(700, file(name).length); at++) {
            for (int value : new int[] {0x80, 0xFF}) {
                var damaged = file(name).clone();
                damaged[at] = (byte) value;
                assertThatCode(() -> {
                            try {
                                PictureReader.read(damaged, soon);
                            } catch (PictureException e) {
                                assertThat(e).hasMessageStartingWith("the ");
                            }
                        })
                        .as("byte %d of %s is %d", at, name, value)
                        .doesNotThrowAnyException();
            }
        }
    }

    @Test
    void aBombIsRefusedByItsHeader() {
        var bomb = png(60_000, 60_000, new byte[0]);
        assertThatThrownBy(() -> PictureReader.read(bomb, Limits.DEFAULT))
                .isInstanceOf(PictureException.class)
                .hasMessage("the picture has 60000x60000 pixels; at most 20 megapixels are allowed");
    }

    /** 64 MiB of zeros in 64 KiB, in a chunk that no pixel needs. */
    @Test
    void compressedTextIsNotUnpacked() {
        var text = new ByteArrayOutputStream();
        text.writeBytes("Comment\0\0".getBytes(StandardCharsets.ISO_8859_1));
        text.writeBytes(compressed(new byte[64 << 20]));
        var file = png(1, 1, chunk("zTXt", text.toByteArray()));
        assertThat(PictureReader.read(file, Limits.DEFAULT).values()).containsExactly(1, 2, 3);
    }

    @Test
    void aFileOverTheLimitIsRefused() {
        var file = file("rgb.png");
        assertThat(PictureReader.read(file, new Limits(file.length, 294)).width())
                .isEqualTo(21);
        assertThatThrownBy(() -> PictureReader.read(file, new Limits(file.length - 1, 294)))
                .hasMessageContaining("the file has 0.0 MiB; at most 0.0 MiB are allowed");
        assertThatThrownBy(() -> PictureReader.read(file, new Limits(file.length, 293)))
                .hasMessageContaining("21x14 pixels");
    }

    @Test
    void aJpegOfManyScansIsRefused() {
        var file = file("progressive.jpg");
        int scan = indexOf(file, (byte) 0xDA, 0) - 1;
        var scans = new ByteArrayOutputStream();
        scans.write(file, 0, scan);
        int next = indexOf(file, (byte) 0xDA, scan + 2) - 1;
        for (int i = 0; i <= 100; i++) {
            scans.write(file, scan, next - scan);
        }
        scans.write(file, next, file.length - next);
        assertThatThrownBy(() -> PictureReader.read(scans.toByteArray(), Limits.DEFAULT))
                .hasMessageContaining("more than 100 scans");
    }

    /** Each scan of a large picture is a pass over all of it, so it may have fewer. */
    @Test
    void aLargeJpegOfManyScansIsRefusedBeforeItIsDecoded() {
        var file = file("progressive.jpg").clone();
        int frame = indexOf(file, (byte) 0xC2, 0);
        ByteBuffer.wrap(file).putShort(frame + 4, (short) 4000).putShort(frame + 6, (short) 5000);
        int scan = indexOf(file, (byte) 0xDA, 0) - 1;
        int next = indexOf(file, (byte) 0xDA, scan + 2) - 1;
        var scans = new ByteArrayOutputStream();
        scans.write(file, 0, scan);
        for (int i = 0; i < 21; i++) {
            scans.write(file, scan, next - scan);
        }
        scans.write(file, next, file.length - next);
        assertThatThrownBy(() -> PictureReader.read(scans.toByteArray(), Limits.DEFAULT))
                .hasMessage("the JPEG has more than 20 scans, too many for 5000x4000 pixels");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GIF89a and more", "BM", "RIFF\0\0\0\0WAVE", "<svg xmlns=\"\"/>"})
    void anotherFormatIsRefused(String content) {
        assertThatThrownBy(() -> PictureReader.read(content.getBytes(StandardCharsets.ISO_8859_1), Limits.DEFAULT))
                .isInstanceOf(PictureException.class)
                .hasMessage("the file is no PNG, JPEG or WebP picture");
    }

    @Test
    void anAnimationIsRefused() {
        assertThatThrownBy(() -> PictureReader.read(file("animated.webp"), Limits.DEFAULT))
                .hasMessageContaining("animated");
    }

    @Test
    void aWebpThatSaysTwoSizesIsRefused() {
        var file = file("turned.webp");
        file[24] = 1; // the canvas's width
        assertThatThrownBy(() -> PictureReader.read(file, Limits.DEFAULT)).hasMessageContaining("two different sizes");
    }

    private static int indexOf(byte[] file, byte marker, int from) {
        for (int i = from + 1; i < file.length; i++) {
            if (file[i - 1] == (byte) 0xFF && file[i] == marker) {
                return i;
            }
        }
        throw new IllegalArgumentException("no such marker");
    }

    /** A PNG of one pixel 1, 2, 3 that may say another size. */
    private static byte[] png(int width, int height, byte[] more) {
        var header = ByteBuffer.allocate(13).putInt(width).putInt(height).put(new byte[] {8, 2, 0, 0, 0});
        var png = new ByteArrayOutputStream();
        png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
        png.writeBytes(chunk("IHDR", header.array()));
        png.writeBytes(more);
        png.writeBytes(chunk("IDAT", compressed(new byte[] {0, 1, 2, 3})));
        png.writeBytes(chunk("IEND", new byte[0]));
        return png.toByteArray();
    }

    private static byte[] chunk(String name, byte[] content) {
        var named = ByteBuffer.allocate(4 + content.length)
                .put(name.getBytes(StandardCharsets.ISO_8859_1))
                .put(content)
                .array();
        var crc = new CRC32();
        crc.update(named);
        return ByteBuffer.allocate(8 + named.length)
                .putInt(content.length)
                .put(named)
                .putInt((int) crc.getValue())
                .array();
    }

    private static byte[] compressed(byte[] content) {
        var out = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(out, new Deflater(9))) {
            deflater.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static int worst(byte[] actual, String name) {
        var expected = EXPECTED.bytes(name);
        assertThat(actual).hasSize(expected.remaining());
        int worst = 0;
        for (byte value : actual) {
            worst = Math.max(worst, Math.abs((value & 0xFF) - (expected.get() & 0xFF)));
        }
        return worst;
    }

    private static byte[] file(String name) {
        try {
            return Files.readAllBytes(ReferenceFile.path("pictures/files/" + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
