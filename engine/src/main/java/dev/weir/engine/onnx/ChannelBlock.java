package dev.weir.engine.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.engine.onnx.model.GraphProto;
import dev.weir.engine.weights.Weights;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * How many channels ONNX Runtime keeps side by side for its convolutions on this processor. The library has no call for it, so a
 * small convolution is tried once a process: its result tells whether the kernel was read in the order that Weir gave it. Any thread.
 */
final class ChannelBlock {

    /** No blocks: the library orders kernels itself. */
    static final int NONE = 0;

    /** With AVX-512, and with AVX2. */
    private static final List<Integer> KNOWN = List.of(16, 8);

    private static final int CHANNELS = 16;

    private static Integer size;

    private ChannelBlock() {}

    /** On a {@link RoomyThread}. */
    static synchronized int size() {
        if (size == null) {
            size = KNOWN.stream().filter(ChannelBlock::isRight).findFirst().orElse(NONE);
        }
        return size;
    }

    /** Whether a convolution of one pixel gives the product of its kernel and the pixel. All numbers are small and whole. */
    private static boolean isRight(int block) {
        var kernel = new float[CHANNELS * CHANNELS];
        var pixel = new float[CHANNELS];
        var expected = new float[CHANNELS];
        for (int in = 0; in < CHANNELS; in++) {
            pixel[in] = in % 5 - 2;
            for (int out = 0; out < CHANNELS; out++) {
                kernel[out * CHANNELS + in] = (7 * out + 3 * in) % 11 - 5;
                expected[out] += kernel[out * CHANNELS + in] * pixel[in];
            }
        }
        var blocked = new float[kernel.length];
        new BlockedOrder(block, CHANNELS, CHANNELS, 1).write(kernel, blocked);
        try {
            return Arrays.equals(expected, convolved(blocked, pixel));
        } catch (OrtException e) {
            return false; // the library has no such operators on this processor
        }
    }

    private static float[] convolved(float[] kernel, float[] pixel) throws OrtException {
        var graph = GraphProto.newBuilder().setName("trial");
        graph.addInput(OnnxModel.image("x", CHANNELS));
        var nodes = new Nodes(graph, Weights.NONE);
        nodes.returns(nodes.convolution(
                "x",
                nodes.floats(kernel, CHANNELS, CHANNELS, 1, 1),
                List.of(),
                CHANNELS,
                Map.of("kernel_shape", new int[] {1, 1})));
        var environment = Ort.environment();
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            try (var session = environment.createSession(OnnxModel.of(graph).toByteArray(), options);
                    var x = OnnxTensor.createTensor(
                            environment, FloatBuffer.wrap(pixel), new long[] {1, CHANNELS, 1, 1});
                    var results = session.run(Map.of("x", x))) {
                var result = new float[CHANNELS];
                ((OnnxTensor) results.get(0)).getFloatBuffer().get(result);
                return result;
            }
        }
    }
}
