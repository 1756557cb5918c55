package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelMemoryTest {

    private static final Path FIXTURES = Path.of("src/test/resources/reference");

    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"checkpoints/default", "checkpoints/sd1", "sdxl"})
    void weightsTakeAsManyBytesAsThePrecisionHas(String name) {
        Path path = FIXTURES.resolve(name);
        long parameters = ModelReport.inspect(path).components().stream()
                .filter(ModelReport.Component::used)
                .mapToLong(ModelReport.Component::parameters)
                .sum();
        ModelFolder folder = ModelFolder.open(path);

        assertThat(parameters).isPositive();
        assertThat(folder.memory(Precision.FP32).weights()).isEqualTo(4 * parameters);
        assertThat(folder.memory(Precision.BF16).weights()).isEqualTo(2 * parameters);
    }

    /** The base has 16x16 latents of 8 channels, the upsampler those of twice the side. */
    @Test
    void aCascadeNeedsWhatItsLargestDiffusionNeeds() throws IOException {
        Path model = copy(FIXTURES.resolve("checkpoints/default"));
        long cascade = ModelFolder.open(model).memory(Precision.FP32).denoising();
        Path unet = model.resolve("unet/config.json");
        Path upsampler = model.resolve("upsampler/unet/config.json");
        int base = ModelFolder.open(model).card().nativeSize()
                / ModelFolder.open(model).card().scale();
        int factor = ModelFolder.open(model).card().upsampleFactor();
        int widthOfBase = width(unet);
        int widthOfUpsampler = width(upsampler);

        long ofBase = bytes(base, widthOfBase);
        long ofUpsampler = bytes(base * factor, widthOfUpsampler);

        assertThat(cascade).isEqualTo(Math.max(ofBase, ofUpsampler));
    }

    /** Each level of a cascade's decoder is half as large as the one before, so a wide last one counts for little. */
    @ParameterizedTest
    @CsvSource({"stable_cascade/pipeline, decoder, block_out_channels, 2", "wuerstchen/pipeline, decoder, c_hidden, 2"})
    void aLevelCountsWithTheSizeOfItsImages(String name, String part, String key, int patch) throws IOException {
        Path model = copy(FIXTURES.resolve(name));
        JsonNode widths = new ObjectMapper()
                .readTree(model.resolve(part).resolve("config.json").toFile())
                .path(key);
        assertThat(widths.size()).isGreaterThan(1);
        assertThat(widths.get(widths.size() - 1).asInt())
                .isGreaterThan(widths.get(0).asInt());
        int side = ModelFolder.open(model).card().nativeSize()
                / ModelFolder.open(model).card().scale()
                / patch;

        ModelMemory need = ModelFolder.open(model).memory(Precision.FP32);
        long pixels = (long) ModelFolder.open(model).card().nativeSize()
                * ModelFolder.open(model).card().nativeSize();
        // Of 16 channels at a quarter of the side, half as many are at half of it, and four times these inside of a
        // block.
        int atThePicturesSize = 4 * 8 / 4;

        assertThat(need.denoising()).isEqualTo(bytes(side, widths.get(0).asInt()));
        assertThat(need.decoding()).isEqualTo(4 * pixels * atThePicturesSize * Float.BYTES);
    }

    private static long bytes(int side, int width) {
        return 2L * 100 * side * side * width * Float.BYTES;
    }

    private static int width(Path config) throws IOException {
        return new ObjectMapper()
                .readTree(config.toFile())
                .path("block_out_channels")
                .get(0)
                .intValue();
    }

    @Test
    void anAutoencoderThatOverflowsInFp16CountsInFp32() throws IOException {
        Path model = copy(FIXTURES.resolve("checkpoints/sd1"));
        ModelMemory whole = ModelFolder.open(model).memory(Precision.FP32);
        ModelMemory upcast = ModelFolder.open(model).memory(Precision.FP16);
        Path config = model.resolve("vae/config.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        Files.writeString(config, json.put("force_upcast", false).toString());

        ModelMemory half = ModelFolder.open(model).memory(Precision.FP16);

        assertThat(half.decoding()).isEqualTo(whole.decoding() / 2).isPositive();
        assertThat(upcast.decoding()).isEqualTo(whole.decoding());
        assertThat(upcast.weights()).isBetween(half.weights() + 1, whole.weights() - 1);
        assertThat(upcast.denoising()).isEqualTo(half.denoising());
    }

    @Test
    void aLargePictureMayBeDecodedInTiles() throws IOException {
        Path model = copy(FIXTURES.resolve("checkpoints/sd1"));
        Files.writeString(model.resolve("weir.json"), "{\"native_size\": 2048}");

        ModelMemory need = ModelFolder.open(model).memory(Precision.FP32);

        assertThat(need.decoding()).isEqualTo(16 * need.tile());
        assertThat(need.whole() - need.least()).isEqualTo(15 * need.tile());
    }

    private Path copy(Path from) throws IOException {
        Path to = temporary.resolve("model");
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }
}
