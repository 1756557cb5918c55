package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.JsonFile;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code UNet2DConditionModel} in every configuration of {@code tools/reference/unets.py}, on every engine. */
final class UNetReferenceTest {

    private static final Path FIXTURES = Path.of("src/test/resources/reference/unets");
    private static final double TOLERANCE = 1e-4;
    private static final int ROWS = 2;
    /** What a sample has at most; more channels stand beside it. */
    private static final int SAMPLE_CHANNELS = 4;

    @TempDir
    Path folder;

    static List<Arguments> variantsOnEngines() throws IOException {
        try (var files = Files.list(FIXTURES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .map(name -> name.substring(0, name.length() - ".json".length()))
                    .sorted()
                    .flatMap(name -> Arrays.stream(Engine.values()).map(engine -> Arguments.of(name, engine)))
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("variantsOnEngines")
    void eachRowGetsWhatItGetsAloneInDiffusers(String variant, Engine engine) {
        var fixture = JsonFile.read(FIXTURES.resolve(variant + ".json"));
        var io = SafetensorsFile.open(FIXTURES.resolve(variant + ".safetensors"));
        var config = fixture.get("config");
        var weights = MadeWeights.of(config, fixture.get("weights").asText(), folder.resolve("weights.safetensors"));
        try (var unet = Networks.denoiser(config, weights, new ComputeTarget("cpu", Precision.FP32, engine))) {
            for (var size : sizes(io)) {
                var rows = IntStream.range(0, ROWS)
                        .mapToObj(row -> row(io, size, row))
                        .toList();
                var whole = tensor(io, size + "/0/sample");
                var shape = new LatentShape(Math.min(SAMPLE_CHANNELS, whole.side(0)), whole.side(1), whole.side(2));
                var together = unet.predict(shape, rows);
                for (int i = 0; i < ROWS; i++) {
                    var expected = tensor(io, size + "/" + i + "/answer").values();
                    var alone = unet.predict(shape, List.of(rows.get(i))).get(0);
                    Fixture.assertClose(alone, expected, TOLERANCE);
                    Fixture.assertClose(together.get(i), expected, TOLERANCE);
                }
            }
        }
    }

    private static List<String> sizes(Weights io) {
        return io.names().stream()
                .filter(name -> name.endsWith("/0/sample"))
                .map(name -> name.substring(0, name.indexOf('/')))
                .toList();
    }

    private static Row row(Weights io, String size, int row) {
        var inputs = Tensors.NONE;
        for (var name : io.names()) {
            var own = name.substring(name.lastIndexOf('/') + 1);
            if (name.equals(row + "/" + own) || name.equals(size + "/" + row + "/hint")) {
                inputs = inputs.with(own, tensor(io, name));
            }
        }
        var whole = tensor(io, size + "/" + row + "/sample");
        int pixels = whole.side(1) * whole.side(2);
        int channels = Math.min(SAMPLE_CHANNELS, whole.side(0));
        if (channels < whole.side(0)) {
            var beside = Arrays.copyOfRange(whole.values(), channels * pixels, whole.values().length);
            inputs = inputs.with(
                    Tensors.CONCAT, HostTensor.of(beside, whole.side(0) - channels, whole.side(1), whole.side(2)));
        }
        var sample = Arrays.copyOf(whole.values(), channels * pixels);
        return new Row(sample, tensor(io, "timesteps").values()[row], inputs);
    }

    private static HostTensor tensor(Weights io, String name) {
        var buffer = io.bytes(name).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        var values = new float[buffer.remaining()];
        buffer.get(values);
        return HostTensor.of(
                values,
                Arrays.stream(io.info(name).shape()).mapToInt(Math::toIntExact).toArray());
    }
}
