package dev.weir.engine.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/** ONNX Runtime on a GPU, which only the library of {@code onnxruntime_gpu} can. Any thread. */
public final class CudaProvider {

    private CudaProvider() {}

    /** Whether this ONNX Runtime is a build for CUDA, which need not mean that there is a GPU. */
    public static boolean isBuiltIn() {
        Ort.environment();
        return OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA);
    }

    /** Why it does not compute on a GPU, in one line; empty where it does. Computes something there. */
    public static Optional<String> problem(ComputeTarget target) {
        if (!isBuiltIn()) {
            return Optional.of("this ONNX Runtime is not built for CUDA: build Weir with -Ponnxruntime-gpu");
        }
        try (var options = new OrtSession.SessionOptions()) {
            add(options, target);
        } catch (OrtException e) {
            return Optional.of(e.getMessage());
        }
        var script = new Script("Probe", Weights.NONE);
        var g = script.method("forward", "x");
        g.returns(g.relu(g.input(Input.Kind.ROWS, "x", 1, 1)));
        var two = Feed.floats(bytes -> bytes.putFloat(2), 1, 1);
        try (var network = OnnxBackend.on(target).load(script)) {
            return network.run("forward", List.of(two), ByteBuffer::getFloat) == 2
                    ? Optional.empty()
                    : Optional.of("it does not compute the larger of 0 and 2");
        } catch (RuntimeException e) {
            return Optional.of(
                    String.valueOf(e.getMessage()).lines().findFirst().orElse("of no known reason"));
        }
    }

    /** Has a session compute on the GPU. It takes as much memory at a time as a forward needs. */
    static void add(OrtSession.SessionOptions session, ComputeTarget target) throws OrtException {
        int device = Integer.parseInt(target.device().substring("cuda:".length()));
        try (var options = new OrtCUDAProviderOptions(device)) {
            options.add("arena_extend_strategy", "kSameAsRequested");
            session.addCUDA(options);
        }
    }
}
