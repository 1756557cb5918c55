package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.JsonFile;
import dev.weir.engine.LatentShape;
import dev.weir.engine.UnitImage;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.graph.Script;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.weights.ComponentWeights;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which pictures are parted, and what it does to them with the trained autoencoder of the default model. */
class TilingTest {

    private static final Path VAE = Path.of("../models/default/vae");
    private static final LatentScale PLAIN = new LatentScale(1, List.of(), List.of());
    private static final int HEIGHT = 208;
    private static final int WIDTH = 304;

    private static Codec codec(int sampleSize) {
        return new Codec(4, 8, PLAIN, sampleSize, 256, true);
    }

    @ParameterizedTest
    @CsvSource({
        // sample_size, side of the largest picture that fits, side of a tile
        "1024, 2048, 1024",
        "1024, 1024, 1024",
        "1024, 700, 672",
        "1024, 10, 256",
        "512, 1024, 512",
        "32, 1024, 512",
    })
    void aTileHasTheModelsSizeWhereItFits(int sampleSize, int largest, int tile) {
        var tiling = Tiling.of(codec(sampleSize), (long) largest * largest);
        assertThat(tiling.tile()).isEqualTo(tile);
        assertThat(tiling.tile() % 32).isZero();
        assertThat(tiling.fits(tile, tile)).isTrue();
        assertThat(tiling.fits(largest, largest)).isEqualTo(largest >= tile || largest <= 256);
        assertThat(tiling.fits(Math.max(largest, tile) + 8, Math.max(largest, tile)))
                .isFalse();
    }

    @Test
    void theLimitIsThisMachinesMemoryAndHalvesWithTheNumbers() {
        var full = Tiling.of(codec(512), new ComputeTarget("cpu", Precision.FP32));
        var half = Tiling.of(codec(512), new ComputeTarget("cpu", Precision.BF16));
        assertThat(full.most()).isPositive();
        assertThat(half.most()).isBetween(2 * full.most(), 2 * full.most() + 1);
        assertThat(full).isEqualTo(Tiling.of(codec(512), new ComputeTarget("cpu", Precision.FP32, Engine.ONNX)));
    }

    @ParameterizedTest
    @CsvSource({"true,FP16,FP32", "false,FP16,FP16", "true,BF16,BF16", "true,FP32,FP32"})
    void aWideRangeRunsInFp32WhereOthersRunInFp16(boolean wide, Precision wanted, Precision expected) {
        var config = JsonFile.read(VAE.resolve("config.json"));
        ((ObjectNode) config).put("force_upcast", wide);
        assertThat(AutoencoderKl.read(config).target(new ComputeTarget("cuda:0", wanted)))
                .isEqualTo(new ComputeTarget("cuda:0", expected));
    }

    private static VaeCodec trained(Engine engine, Tiling tiling) {
        var autoencoder = AutoencoderKl.read(JsonFile.read(VAE.resolve("config.json")));
        var script = new Script(AutoencoderKl.NAME, ComponentWeights.open(VAE));
        autoencoder.describe(script);
        Backend backend =
                engine == Engine.ONNX ? new OnnxBackend() : TorchBackend.on(new ComputeTarget("cpu", Precision.FP32));
        return new VaeCodec(backend.load(script), autoencoder.codec(), tiling, false);
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void partsAreNotVisible(Engine engine) {
        var shape = new LatentShape(4, HEIGHT / 8, WIDTH / 8);
        var picture = drawn();
        try (var whole = trained(engine, new Tiling(Long.MAX_VALUE, 128));
                var parted = trained(engine, new Tiling(1, 128))) {
            var latents = whole.encode(List.of(picture)).get(0).mode();
            var expected = whole.pictures(shape, List.of(latents), List.of()).get(0);
            var blended = parted.pictures(shape, List.of(latents), List.of()).get(0);
            // diffusers' tiled decode of these latents has 36.28 dB.
            assertThat(psnr(blended, expected)).isGreaterThan(36.2);
        }
    }

    @Test
    void thePartsOfAPictureDoNotDependOnItsNeighbours() {
        var shape = new LatentShape(4, HEIGHT / 8, WIDTH / 8);
        try (var codec = trained(Engine.ONNX, new Tiling(1, 128))) {
            var latents = codec.encode(List.of(drawn())).get(0).mode();
            var other = new float[latents.length];
            var alone = codec.pictures(shape, List.of(latents), List.of()).get(0);
            var together = codec.pictures(shape, List.of(other, latents, other), List.of());
            assertThat(together.get(1).values()).isEqualTo(alone.values());
        }
    }

    /** A smooth ground with discs, as large as several tiles. */
    private static UnitImage drawn() {
        var values = new float[3 * HEIGHT * WIDTH];
        for (int channel = 0; channel < 3; channel++) {
            for (int y = 0; y < HEIGHT; y++) {
                for (int x = 0; x < WIDTH; x++) {
                    boolean disc = Math.hypot(x % 100 - 50, y % 100 - 50) < 35;
                    double ground = 0.7 * Math.sin(x / 60.0 + channel) * Math.cos(y / 45.0);
                    values[(channel * HEIGHT + y) * WIDTH + x] = (float) (disc ? 0.8 - 0.7 * channel : ground);
                }
            }
        }
        return new UnitImage(WIDTH, HEIGHT, values);
    }

    /** In decibels, of values between -1 and 1. */
    private static double psnr(UnitImage actual, UnitImage expected) {
        double sum = 0;
        for (int i = 0; i < expected.values().length; i++) {
            sum += Math.pow(actual.values()[i] - expected.values()[i], 2);
        }
        return 10 * Math.log10(4 * expected.values().length / sum);
    }
}
