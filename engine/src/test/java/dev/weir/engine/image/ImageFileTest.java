package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ImageFileTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 128, 512})
    void aPngKeepsEveryPixel(int side) throws IOException {
        RgbImage image = noise(side, side + 3);

        ImageFile file = ImageFile.encode(image, ImageFormat.PNG, 0, Map.of());

        assertThat(pixels(file)).isEqualTo(image.pixels());
    }

    @Test
    void aJpegIsClose() throws IOException {
        byte[] pixels = new byte[3 * 64 * 64];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 64);
        }

        byte[] read = pixels(ImageFile.encode(new RgbImage(64, 64, pixels), ImageFormat.JPEG, 95, Map.of()));

        for (int i = 0; i < pixels.length; i++) {
            assertThat(Math.abs((read[i] & 0xFF) - (pixels[i] & 0xFF))).isLessThan(8);
        }
    }

    @Test
    void aJpegOfLessQualityIsSmaller() {
        RgbImage image = noise(64, 64);

        assertThat(ImageFile.encode(image, ImageFormat.JPEG, 40, Map.of()).bytes().length)
                .isLessThan(
                        ImageFile.encode(image, ImageFormat.JPEG, 90, Map.of()).bytes().length);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 128, 512})
    void aWebpOfTheBestQualityKeepsEveryPixel(int side) {
        RgbImage image = noise(side, side + 3);

        ImageFile file = ImageFile.encode(image, ImageFormat.WEBP, 100, Map.of("parameters", "an apple"));

        assertThat(read(file)).isEqualTo(Bitmap.of(image));
    }

    @Test
    void aWebpOfLessQualityIsCloseAndSmaller() {
        byte[] pixels = new byte[3 * 64 * 64];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 3 % 64 + i / 192);
        }
        RgbImage image = new RgbImage(64, 64, pixels);

        byte[] lossy =
                read(ImageFile.encode(image, ImageFormat.WEBP, 90, Map.of())).values();

        assertThat(lossy).isNotEqualTo(pixels);
        for (int i = 0; i < pixels.length; i++) {
            assertThat(Math.abs((lossy[i] & 0xFF) - (pixels[i] & 0xFF))).isLessThan(8);
        }
        RgbImage noise = noise(64, 64);
        assertThat(ImageFile.encode(noise, ImageFormat.WEBP, 40, Map.of()).bytes().length)
                .isLessThan(
                        ImageFile.encode(noise, ImageFormat.WEBP, 90, Map.of()).bytes().length)
                .isLessThan(
                        ImageFile.encode(noise, ImageFormat.WEBP, 100, Map.of()).bytes().length);
    }

    @Test
    void aWebpThatIsTooLargeIsRefused() {
        assertThatThrownBy(() -> ImageFile.encode(noise(16_384, 1), ImageFormat.WEBP, 90, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16384x1 pixels: a WebP has at most 16383 each way");
    }

    /** The bytes that Pillow finds the comment in, as {@code getexif().get_ifd(0x8769)[0x9286]}. */
    @ParameterizedTest
    @ValueSource(strings = {"", "an apple\nSteps: 20", "红苹果 и зелёное 🍎"})
    void aWebpCarriesItsText(String prompt) {
        Map<String, String> text =
                new PictureText(prompt, "", 20, "ddim", 4, 7, 9, 5, "tiny", Map.of(), "").byKeyword();

        byte[] file = ImageFile.encode(noise(9, 5), ImageFormat.WEBP, 100, text).bytes();

        byte[] comment = ("UNICODE\0").getBytes(StandardCharsets.US_ASCII);
        byte[] letters = text.get("parameters").getBytes(StandardCharsets.UTF_16BE);
        String whole = new String(file, StandardCharsets.ISO_8859_1);
        assertThat(whole.substring(12, 16)).isEqualTo("VP8X");
        assertThat(whole)
                .contains("EXIF", "Weir\0")
                .contains(new String(comment, StandardCharsets.ISO_8859_1)
                        + new String(letters, StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource({"JPEG,-1", "JPEG,0", "JPEG,101", "WEBP,-1", "WEBP,0", "WEBP,101"})
    void aQualityOutOfRangeIsRefused(ImageFormat format, int quality) {
        assertThatThrownBy(() -> ImageFile.encode(noise(8, 8), format, quality, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("quality")
                .hasMessageContaining("100");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a red apple",
                "",
                "an apple\nNegative prompt: blurry, <lora:x:1> \"quoted\"",
                "ein grüner Apfel",
                "红苹果 и зелёное 🍎"
            })
    void aPngCarriesItsText(String prompt) throws IOException {
        Map<String, String> text = new LinkedHashMap<>();
        text.put("parameters", prompt);
        text.put("Software", "Weir");

        assertThat(text(ImageFile.encode(noise(16, 16), ImageFormat.PNG, 0, text)))
                .isEqualTo(text);
    }

    @ParameterizedTest
    @EnumSource(ImageFormat.class)
    void theSamePictureGivesTheSameBytes(ImageFormat format) {
        Map<String, String> text = Map.of("parameters", "苹果");

        assertThat(ImageFile.encode(noise(40, 30), format, 80, text).bytes())
                .isEqualTo(ImageFile.encode(noise(40, 30), format, 80, text).bytes());
    }

    @Test
    void theTextIsWhatTheFieldsToolsRead() {
        var text = new PictureText("a red apple", "blurry", 20, "dpmpp_2m", 5f, 7, 128, 96, "default", Map.of(), "");

        assertThat(text.byKeyword())
                .containsEntry(
                        "parameters",
                        """
                a red apple
                Negative prompt: blurry
                Steps: 20, Sampler: dpmpp_2m, CFG scale: 5, Seed: 7, Size: 128x96, Model: default""");
    }

    @Test
    void noNegativePromptTakesNoLine() {
        var text = new PictureText(
                "100% apple", "", 20, "ddim", 4.5f, -1, 128, 96, "default", Map.of("Clip skip", "2"), "onnx avx2");

        assertThat(text.byKeyword())
                .containsEntry(
                        "parameters",
                        """
                100% apple
                Steps: 20, Sampler: ddim, CFG scale: 4.5, Seed: 18446744073709551615, Size: 128x96, Model: default, Clip skip: 2, Engine: onnx avx2""");
    }

    @Test
    void anUnknownFormatIsRefusedByName() {
        assertThat(ImageFormat.of("jpeg")).isEqualTo(ImageFormat.JPEG);
        assertThatThrownBy(() -> ImageFormat.of("gif"))
                .hasMessageContaining("gif")
                .hasMessageContaining("png, jpeg, webp");
    }

    private static RgbImage noise(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        new Random(7).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static Bitmap read(ImageFile file) {
        return PictureReader.read(file.bytes(), PictureReader.Limits.DEFAULT);
    }

    private static byte[] pixels(ImageFile file) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file.bytes()));
        byte[] pixels = new byte[3 * image.getWidth() * image.getHeight()];
        int at = 0;
        for (int rgb : image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth())) {
            pixels[at++] = (byte) (rgb >> 16);
            pixels[at++] = (byte) (rgb >> 8);
            pixels[at++] = (byte) rgb;
        }
        return pixels;
    }

    private static Map<String, String> text(ImageFile file) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream input = ImageIO.createImageInputStream(new ByteArrayInputStream(file.bytes()))) {
            reader.setInput(input);
            var root = (IIOMetadataNode) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
            Map<String, String> text = new LinkedHashMap<>();
            collect(root.getElementsByTagName("tEXtEntry"), "value", text);
            collect(root.getElementsByTagName("iTXtEntry"), "text", text);
            return text;
        } finally {
            reader.dispose();
        }
    }

    private static void collect(NodeList entries, String value, Map<String, String> text) {
        for (int i = 0; i < entries.getLength(); i++) {
            Element entry = (Element) entries.item(i);
            text.put(entry.getAttribute("keyword"), entry.getAttribute(value));
        }
    }
}
