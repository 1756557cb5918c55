package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ModelException;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.RgbImage;
import dev.weir.engine.image.VaeImageProcessor.Fit;
import dev.weir.engine.weights.SafetensorsFile;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Resizing, blurring and cropping against PIL, transformers and diffusers: the same bytes. */
class PicturesReferenceTest {

    private static final SafetensorsFile FILE =
            SafetensorsFile.open(ReferenceFile.path("pictures/pictures.safetensors"));

    private static List<JsonNode> cases(String kind) {
        return StreamSupport.stream(ReferenceFile.json("pictures/pictures.json").spliterator(), false)
                .filter(one -> one.get("kind").asText().equals(kind))
                .toList();
    }

    static List<JsonNode> resizes() {
        return cases("resize");
    }

    static List<JsonNode> blurs() {
        return cases("blur");
    }

    static List<JsonNode> clips() {
        return cases("clip");
    }

    static List<JsonNode> vaes() {
        return cases("vae");
    }

    static List<JsonNode> inpaints() {
        return cases("inpaint");
    }

    @ParameterizedTest
    @MethodSource("resizes")
    void everyFilterGivesPilsBytes(JsonNode one) {
        var source = bitmap("source/" + one.get("channels").asInt());
        var filter = Filter.valueOf(one.get("filter").asText());
        var resized = Resampler.resize(
                source, one.get("width").asInt(), one.get("height").asInt(), filter);
        assertThat(resized).isEqualTo(bitmap(one.get("name").asText()));
    }

    @ParameterizedTest
    @MethodSource("blurs")
    void theGaussianBlurGivesPilsBytes(JsonNode one) {
        var source = bitmap("source/" + one.get("channels").asInt());
        var blurred = VaeImageProcessor.blur(source, one.get("radius").asDouble());
        assertThat(blurred).isEqualTo(bitmap(one.get("name").asText()));
    }

    @ParameterizedTest
    @MethodSource("clips")
    void clipsPixelsAreTransformers(JsonNode one) {
        var processor = ClipImageProcessor.read(one.get("config"));
        var pixels = processor.pixels(bitmap(one.get("source").asText()));
        var buffer = FILE.bytes(one.get("name").asText()).asFloatBuffer();
        assertThat(pixels).hasSize(buffer.remaining());
        for (float pixel : pixels) {
            assertThat(pixel).isCloseTo(buffer.get(), within(1e-6f));
        }
    }

    @ParameterizedTest
    @MethodSource("vaes")
    void picturesAndMasksAreFittedAsDiffusersDoes(JsonNode one) {
        var fit = one.get("mode").asText().equals("default")
                ? Fit.STRETCH
                : Fit.valueOf(one.get("mode").asText().toUpperCase(Locale.ROOT));
        var picture = bitmap(one.get("source").asText() + "/source");
        var mask = bitmap(one.get("source").asText() + "/drawn");
        assertPixels(
                VaeImageProcessor.resize(picture, 16, 24, fit), one.get("name").asText() + "/pixels");
        assertMask(VaeImageProcessor.resize(mask, 16, 24, fit), one.get("name").asText() + "/mask");
    }

    @Test
    void aPictureIsRoundedDownToWhatTheVaeTakes() {
        var picture = bitmap("vae/41x26/source");
        var fitted = VaeImageProcessor.resize(
                picture, VaeImageProcessor.floor(41, 8), VaeImageProcessor.floor(26, 8), Fit.STRETCH);
        assertPixels(fitted, "vae/own-size");
    }

    @ParameterizedTest
    @MethodSource("inpaints")
    void theSurroundingsOfAMaskAreFoundPaintedAndPutBack(JsonNode one) {
        var original = bitmap("inpaint/original");
        var soft = VaeImageProcessor.blur(bitmap("inpaint/" + one.get("box").asText() + "/drawn"), 2);
        assertThat(soft).isEqualTo(bitmap("inpaint/" + one.get("box").asText() + "/soft"));
        int width = one.get("width").asInt();
        int height = one.get("height").asInt();
        var region = MaskRegion.of(soft, width, height, one.get("padding").asInt());
        var expected = one.get("region");
        assertThat(region)
                .isEqualTo(new Region(
                        expected.get(0).asInt(),
                        expected.get(1).asInt(),
                        expected.get(2).asInt(),
                        expected.get(3).asInt()));
        assertPixels(
                VaeImageProcessor.resize(original, region, width, height),
                one.get("name").asText() + "/pixels");
        assertMask(
                VaeImageProcessor.resize(soft, region, width, height),
                one.get("name").asText() + "/mask");
        var painted = bitmap("inpaint/painted/%dx%d".formatted(width, height));
        var whole = VaeImageProcessor.overlay(soft, original, new RgbImage(width, height, painted.values()), region);
        assertThat(Bitmap.of(whole)).isEqualTo(bitmap(one.get("name").asText() + "/whole"));
    }

    @Test
    void aMaskedPictureIsZeroWhereItIsPainted() {
        assertThat(VaeImageProcessor.masked(new float[] {1, 2, 3, 4, 5, 6}, new float[] {0, 1}))
                .containsExactly(1, 0, 3, 0, 5, 0);
    }

    @Test
    void transparencyBecomesAMask() {
        var rgba = new Bitmap(3, 1, Bitmap.RGBA, new byte[] {1, 2, 3, 0, 4, 5, 6, (byte) 255, 7, 8, 9, 100});
        assertThat(rgba.transparency().values()).containsExactly((byte) 255, (byte) 0, (byte) 155);
        assertThat(rgba.rgb().values()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(rgba.rgb().transparency().values()).containsExactly(0, 0, 0);
    }

    @Test
    void anEmptyMaskIsRefused() {
        assertThatThrownBy(() -> MaskRegion.of(Bitmap.black(8, 8, Bitmap.GREY), 8, 8, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("marks nothing");
    }

    @Test
    void aLinewidePictureDoesNotBecomeAHugeOne() throws Exception {
        var processor = ClipImageProcessor.read(new ObjectMapper().readTree("{}"));
        assertThatThrownBy(() -> processor.pixels(Bitmap.black(20_000, 1, Bitmap.RGB)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too narrow");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"image_processor_type\":\"ViTImageProcessor\"}",
                "{\"resample\":9}",
                "{\"size\":{\"longest_edge\":224}}",
                "{\"crop_size\":-1}",
                "{\"image_mean\":[0.5]}"
            })
    void whatTheProcessorCannotDoIsRefusedByName(String json) throws Exception {
        var config = new ObjectMapper().readTree(json);
        assertThatThrownBy(() -> ClipImageProcessor.read(config))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(config.fieldNames().next().replace("image_processor_type", "ViTImageProcessor"));
    }

    private static void assertPixels(Bitmap image, String name) {
        var pixels = VaeImageProcessor.pixels(image);
        var expected = FILE.bytes(name);
        assertThat(pixels).hasSize(expected.remaining());
        for (float pixel : pixels) {
            assertThat(pixel).isCloseTo((expected.get() & 0xFF) / 127.5f - 1, within(1e-6f));
        }
    }

    private static void assertMask(Bitmap image, String name) {
        var mask = VaeImageProcessor.mask(image);
        var expected = FILE.bytes(name);
        assertThat(mask).hasSize(expected.remaining());
        for (float value : mask) {
            assertThat(value).isEqualTo((expected.get() & 0xFF) / 255f);
        }
    }

    private static Bitmap bitmap(String name) {
        var shape = FILE.info(name).shape();
        var bytes = new byte[FILE.bytes(name).remaining()];
        FILE.bytes(name).get(bytes);
        return new Bitmap((int) shape[1], (int) shape[0], shape.length == 2 ? 1 : (int) shape[2], bytes);
    }
}
