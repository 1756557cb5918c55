package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Large kernels that Weir orders itself give the same bits as those that ONNX Runtime orders. */
class KernelsTest {

    private static final int IN = 256;
    private static final int OUT = 512;
    private static final int SIDE = 6;

    @TempDir
    Path folder;

    /** Tells its shape only. */
    private static final Feed FEED = Feed.floats(bytes -> {}, 2, IN, SIDE, SIDE);

    private final Random random = new Random(7);

    @Test
    void aKernelIsInBlocksOfOutputsThenOfInputs() {
        float[] kernel = {
            0, 1, 10, 11, 20, 21, 30, 31, // the first output's four inputs of two pixels
            100, 101, 110, 111, 120, 121, 130, 131
        };
        var blocked = new float[kernel.length];
        new BlockedOrder(2, 2, 4, 2).write(kernel, blocked);
        assertThat(blocked).containsExactly(0, 100, 10, 110, 1, 101, 11, 111, 20, 120, 30, 130, 21, 121, 31, 131);
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightType.class,
            names = {"F32", "F16", "BF16"})
    void theLibraryGivesTheSameBitsWithKernelsOfEitherOrder(WeightType type) throws OrtException {
        int block = RoomyThread.call(ChannelBlock::size);
        assumeTrue(block != ChannelBlock.NONE, "ONNX Runtime has no blocks of channels on this processor");
        var network = network(type);
        var image = floats(2 * IN * SIDE * SIDE);
        var ordered = run(network, image, block);
        assertThat(ordered).hasSize(2 * OUT * SIDE * SIDE / 4).isEqualTo(run(network, image, ChannelBlock.NONE));
        assertThat(ordered).doesNotContain(Float.NaN).doesNotContain(0);
    }

    @Test
    void theMethodsOfANetworkShareAKernel() {
        var network = network(WeightType.F32);
        describe(network, "another");
        try (var kernels = new Kernels(() -> 16)) {
            var used = network.methods().stream()
                    .map(method -> kernels.in(OnnxModel.of(network, method, kernels)))
                    .toList();
            assertThat(used).hasSize(2);
            assertThat(used.get(0)).hasSize(1).isEqualTo(used.get(1));
        }
    }

    @Test
    void networksBesideEachOtherHaveAKernelInMemoryOnce() {
        assumeTrue(RoomyThread.call(ChannelBlock::size) != ChannelBlock.NONE, "no blocks of channels");
        var network = network(WeightType.F32);
        var backend = new OnnxBackend();
        var plain = (OnnxNetwork) backend.load(network);
        long bytes = plain.kernels().bytes();
        var beside = (OnnxNetwork) backend.loadBeside(plain, network);
        assertThat(bytes).isGreaterThan((long) IN * OUT * Float.BYTES);
        assertThat(beside.kernels().bytes()).isEqualTo(bytes);
        assertThat(beside.kernels()).isSameAs(plain.kernels());
        var image = floats(2 * IN * SIDE * SIDE);
        var before = result(plain, network, image);
        assertThat(result(beside, network, image)).isEqualTo(before);
        beside.close();
        assertThat(result(plain, network, image)).isEqualTo(before);
        plain.close();
    }

    private static byte[] result(OnnxNetwork opened, Script network, float[] image) {
        var feed = Feed.floats(to -> to.asFloatBuffer().put(image), 2, IN, SIDE, SIDE);
        return opened.run(network.methods().get(0).name(), List.of(feed), bytes -> {
            var copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return copy;
        });
    }

    private float[] run(Script network, float[] image, int block) throws OrtException {
        var method = network.methods().get(0);
        var kernels = new Kernels(() -> block);
        long[] shape = {2, IN, SIDE, SIDE};
        var bytes = ByteBuffer.allocateDirect(image.length * Float.BYTES).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(image);
        try (kernels;
                var opened =
                        RoomyThread.call(() -> OnnxMethod.open(network, method, kernels, new OnnxBackend().target()));
                var x = OnnxTensor.createTensor(Ort.environment(), bytes, shape, OnnxJavaType.FLOAT);
                var results = opened.run(Map.of("x", x), List.of(FEED))) {
            assertThat(kernels.in(OnnxModel.of(network, method, kernels))).hasSize(block == ChannelBlock.NONE ? 0 : 1);
            var numbers = ((OnnxTensor) results.get(0)).getFloatBuffer();
            var result = new float[numbers.remaining()];
            numbers.get(result);
            return result;
        }
    }

    private Script network(WeightType type) {
        var writer = new SafetensorsWriter();
        script(Weights.NONE).parameterShapes().forEach((name, sides) -> {
            long[] shape = sides.stream().mapToLong(side -> side).toArray();
            writer.tensor(name, type, bytes(type, sides.stream().reduce(1, Math::multiplyExact)), shape);
        });
        return script(SafetensorsFile.open(writer.write(folder.resolve(type + ".safetensors"))));
    }

    private static Script script(Weights weights) {
        var script = new Script("Network", weights);
        describe(script, "forward");
        return script;
    }

    private static void describe(Script script, String method) {
        var g = script.method(method, "x");
        g.returns(g.conv2d(g.input(Input.Kind.IMAGE, "x", IN, SIDE * SIDE), "conv", OUT, 3, 2, 1));
    }

    /** Small numbers of every type: halves of exponents 8 to 15, tiny ones too. */
    private byte[] bytes(WeightType type, int count) {
        var bytes = ByteBuffer.allocate(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int bits = random.nextInt();
            switch (type) {
                case F16 -> bytes.putShort((short) (bits & 0x83ff | random.nextInt(13) << 10));
                case BF16 -> bytes.putShort((short) (bits & 0x807f | 0x3c00 | random.nextInt(4) << 7));
                default -> bytes.putFloat(random.nextFloat() - 0.5f);
            }
        }
        return bytes.array();
    }

    private float[] floats(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }
}
