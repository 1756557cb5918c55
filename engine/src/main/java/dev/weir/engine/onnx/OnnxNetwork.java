package dev.weir.engine.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.backend.Staging;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.LibC;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A network loaded into ONNX Runtime: a session for each method, the first one's at once and others' at their first use. One
 * device thread owns it: inputs go through staging memory that the next forward overwrites.
 */
final class OnnxNetwork implements Executable {

    private final OrtEnvironment environment = Ort.environment();
    private final Script network;
    private final Map<String, OnnxMethod> methods = new HashMap<>();
    private final Map<String, OnnxTensor> kept = new HashMap<>();
    private final ComputeTarget target;
    private final Kernels kernels;
    private final boolean ownsKernels;
    private final Staging staging = new Staging();

    private OnnxNetwork(Script network, ComputeTarget target, Kernels kernels, boolean ownsKernels) {
        this.network = network;
        this.target = target;
        this.kernels = kernels;
        this.ownsKernels = ownsKernels;
    }

    static OnnxNetwork load(Script network, ComputeTarget target) {
        // Only convolutions on processors read kernels in blocks.
        var kernels = new Kernels(target.isCuda() ? () -> ChannelBlock.NONE : ChannelBlock::size);
        return opened(new OnnxNetwork(network, target, kernels, true));
    }

    static OnnxNetwork loadBeside(OnnxNetwork first, Script network, ComputeTarget target) {
        return opened(new OnnxNetwork(network, target, first.kernels, false));
    }

    private static OnnxNetwork opened(OnnxNetwork loaded) {
        try {
            loaded.opened(loaded.network.methods().get(0));
        } catch (RuntimeException | Error e) {
            loaded.close();
            throw e;
        }
        LibC.trimMemory();
        return loaded;
    }

    @Override
    public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
        var called = network.methods().stream()
                .filter(known -> known.name().equals(method))
                .findFirst()
                .orElseThrow();
        network.weights().requireNotTruncated();
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            for (int i = 0; i < feeds.size(); i++) {
                var name = called.inputNames().get(i);
                if (called.input(name).isPresent()) {
                    inputs.put(name, tensor(i, feeds.get(i)));
                }
            }
            var all = new HashMap<>(kept);
            all.putAll(inputs);
            try (var results = opened(called).run(all, feeds)) {
                var bytes = ((OnnxTensor) results.get(0)).getByteBuffer();
                return reader.apply(bytes.order(ByteOrder.nativeOrder()));
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    @Override
    public void keep(Map<String, Kept> inputs) {
        try {
            for (var input : inputs.entrySet()) {
                var values = input.getValue();
                var tensor = OnnxTensor.createTensor(environment, values.values(), values.shape(), OnnxJavaType.FLOAT);
                var before = kept.put(input.getKey(), tensor);
                if (before != null) {
                    before.close();
                }
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private OnnxTensor tensor(int index, Feed feed) throws OrtException {
        return OnnxTensor.createTensor(environment, staging.fill(index, feed), feed.shape(), type(feed.type()));
    }

    private static OnnxJavaType type(Feed.Type type) {
        return switch (type) {
            case FLOAT -> OnnxJavaType.FLOAT;
            case LONG -> OnnxJavaType.INT64;
            case BOOL -> OnnxJavaType.BOOL;
        };
    }

    private OnnxMethod opened(Method method) {
        return methods.computeIfAbsent(
                method.name(), name -> RoomyThread.call(() -> OnnxMethod.open(network, method, kernels, target)));
    }

    Kernels kernels() {
        return kernels;
    }

    @Override
    public void close() {
        methods.values().forEach(OnnxMethod::close);
        if (ownsKernels) {
            kernels.close();
        }
        kept.values().forEach(OnnxTensor::close);
        LibC.trimMemory();
    }
}
