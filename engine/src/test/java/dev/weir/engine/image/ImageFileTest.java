package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
    @ValueSource(ints = {-1, 0, 101})
    void aQualityOutOfRangeIsRefused(int quality) {
        assertThatThrownBy(() -> ImageFile.encode(noise(8, 8), ImageFormat.JPEG, quality, Map.of()))
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
        var text = new PictureText("a red apple", "blurry", 20, "dpmpp_2m", 5f, 7, 128, 96, "default", "");

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
        var text = new PictureText("100% apple", "", 20, "ddim", 4.5f, -1, 128, 96, "default", "onnx avx2");

        assertThat(text.byKeyword())
                .containsEntry(
                        "parameters",
                        """
                100% apple
                Steps: 20, Sampler: ddim, CFG scale: 4.5, Seed: -1, Size: 128x96, Model: default, Engine: onnx avx2""");
    }

    @Test
    void anUnknownFormatIsRefusedByName() {
        assertThat(ImageFormat.of("jpeg")).isEqualTo(ImageFormat.JPEG);
        assertThatThrownBy(() -> ImageFormat.of("webp"))
                .hasMessageContaining("webp")
                .hasMessageContaining("png, jpeg");
    }

    private static RgbImage noise(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        new Random(7).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
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
