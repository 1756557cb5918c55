package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.Upscaler;
import dev.weir.engine.UpscalerFile;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Upscalers against spandrel, in every naming: numbers and pictures. */
class UpscalerReferenceTest {

    @TempDir
    Path folder;

    static Stream<Arguments> cases() {
        return Stream.of(Engine.values()).flatMap(engine -> StreamSupport.stream(
                        ReferenceFile.json("upscalers/cases.json").path("cases").spliterator(), false)
                .map(kase -> Arguments.of(engine, kase.path("name").asText(), kase)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("cases")
    void picturesAreThoseOfSpandrel(Engine engine, String name, JsonNode kase) {
        ReferenceFile io = ReferenceFile.open("upscalers/io.safetensors");
        float[] in = io.floats(name + "/in");
        float[] expected = io.floats(name + "/out");
        int height = name.startsWith("unshuffle") ? 11 : 9;
        int width = in.length / 3 / height;
        int scale = kase.path("scale").asInt();
        UpscalerFile file = UpscalerFile.open(write(kase));

        assertThat(file.scale()).isEqualTo(scale);
        try (Upscaler upscaler = file.load(new ComputeTarget("cpu", Precision.FP32, engine))) {
            Planes out = ((TiledUpscaler) upscaler).upscaled(new Planes(3, height, width, in));
            assertThat(out.height()).isEqualTo(height * scale);
            ReferenceFile.requireClose(out.values(), expected, name);

            RgbImage picture = upscaler.upscale(image(in, width, height)).orElseThrow();
            assertThat(psnr(picture, image(expected, width * scale, height * scale)))
                    .isGreaterThan(50);
        }
    }

    @Test
    void tilesMakeTheWholePicture() {
        UpscalerFile file = UpscalerFile.open(write(kase("compact-x2")));
        int side = 40;
        float[] values = new float[3 * side * side];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.5 + 0.5 * Math.sin(i / 300.0) * Math.cos(i % side / 9.0));
        }
        Planes picture = new Planes(3, side, side, values);
        var target = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        try (var whole = (TiledUpscaler) file.load(target)) {
            Planes expected = whole.upscaled(picture);
            Planes made = whole.with(new Tiling(1, 32)).upscaled(picture);

            assertThat(made.width()).isEqualTo(2 * side);
            assertThat(psnr(image(made.values(), 2 * side, 2 * side), image(expected.values(), 2 * side, 2 * side)))
                    .isGreaterThan(30)
                    .isLessThan(90);
        }
    }

    @Test
    void aResultThatTheHeapHasNoRoomForIsRefused() {
        TiledUpscaler.requireRoom(900, 900, 4, 1024, 512L << 20);

        assertThatThrownBy(() -> TiledUpscaler.requireRoom(1024, 1024, 4, 1024, 512L << 20))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("16777216 pixels", "512 MiB", "WEIR_JAVA_OPTS");
    }

    @Test
    void whatIsNoUpscalerIsRefused() {
        Path other = new SafetensorsWriter()
                .tensor("a", WeightType.F32, new byte[4], 1)
                .write(folder.resolve("other.safetensors"));
        assertThatThrownBy(() -> UpscalerFile.open(other))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(other.toString(), "RRDBNet");
        JsonNode more = kase("numbered-x4").deepCopy();
        ((com.fasterxml.jackson.databind.node.ObjectNode) more.path("shapes"))
                .putArray("model.1.sub.0.RDB1.conv1x1.weight")
                .add(1);
        Path plus = write(more);
        assertThatThrownBy(() -> UpscalerFile.open(plus)).hasMessageContaining("conv1x1");
        assertThatThrownBy(() -> UpscalerFile.open(ReferenceFile.path("pickles/plain.pth")))
                .hasMessageContaining("weir models convert");
    }

    private static JsonNode kase(String name) {
        return StreamSupport.stream(
                        ReferenceFile.json("upscalers/cases.json").path("cases").spliterator(), false)
                .filter(kase -> kase.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The weights are the formula of upscalers.py. */
    private Path write(JsonNode kase) {
        Map<String, JsonNode> shapes = new TreeMap<>();
        kase.path("shapes").properties().forEach(shape -> shapes.put(shape.getKey(), shape.getValue()));
        SafetensorsWriter writer = new SafetensorsWriter();
        int key = 0;
        for (Map.Entry<String, JsonNode> line : shapes.entrySet()) {
            long[] shape = StreamSupport.stream(line.getValue().spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            writer.tensor(line.getKey(), WeightType.F32, numbers(key++, line.getKey(), shape), shape);
        }
        return writer.write(folder.resolve(kase.path("name").asText() + ".safetensors"));
    }

    private static byte[] numbers(int key, String name, long[] shape) {
        int count = 1;
        for (long side : shape) {
            count *= (int) side;
        }
        double kernel = 1.4 / Math.sqrt(count / (double) shape[0]);
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            double sine = Math.sin(1.7 * i + 0.3 * (key + 1));
            double value = shape.length == 4 ? kernel * sine : name.endsWith("bias") ? 0.05 * sine : 0.2 + 0.1 * sine;
            bytes.putFloat((float) value);
        }
        return bytes.array();
    }

    private static RgbImage image(float[] values, int width, int height) {
        float[] unit = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            unit[i] = 2 * values[i] - 1;
        }
        return new UnitImage(width, height, unit).rgb().orElseThrow();
    }

    private static double psnr(RgbImage ours, RgbImage theirs) {
        double sum = 0;
        for (int i = 0; i < theirs.pixels().length; i++) {
            double difference = (ours.pixels()[i] & 0xff) - (theirs.pixels()[i] & 0xff);
            sum += difference * difference;
        }
        return sum == 0 ? 100 : 10 * Math.log10(255 * 255 * theirs.pixels().length / sum);
    }
}
