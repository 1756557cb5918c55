package dev.weir.engine.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Staging;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.LibC;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A network loaded into ONNX Runtime: a session for each method, the first one's at once and others' at their first use. One
 * device thread owns it: inputs go through staging memory that the next forward overwrites.
 */
final class OnnxNetwork implements Executable {

    private static final int CHANGES_PER_TRIM = 4;

    private final OrtEnvironment environment = Ort.environment();
    private final Script network;
    private final Map<String, OrtSession> sessions = new HashMap<>();
    private final Staging staging = new Staging();

    private List<String> lastShapes = List.of();
    private int changes;

    private OnnxNetwork(Script network) {
        this.network = network;
    }

    static OnnxNetwork load(Script network) {
        var loaded = new OnnxNetwork(network);
        loaded.session(network.methods().get(0));
        LibC.trimMemory();
        return loaded;
    }

    @Override
    public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
        var called = network.methods().stream()
                .filter(known -> known.name().equals(method))
                .findFirst()
                .orElseThrow();
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            for (int i = 0; i < feeds.size(); i++) {
                var name = called.inputNames().get(i);
                if (called.input(name).isPresent()) {
                    inputs.put(name, tensor(i, feeds.get(i)));
                }
            }
            try (var results = session(called).run(inputs)) {
                var bytes = ((OnnxTensor) results.get(0)).getByteBuffer();
                return reader.apply(bytes.order(ByteOrder.nativeOrder()));
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            trim(method, feeds);
        }
    }

    /**
     * Buffers of ever new sizes leave gaps in malloc's heap: without this, a hundred shapes double the resident memory. One
     * shape that repeats leaves none.
     */
    private void trim(String method, List<Feed> feeds) {
        var shapes = Stream.concat(Stream.of(method), feeds.stream().map(feed -> Arrays.toString(feed.shape())))
                .toList();
        if (!shapes.equals(lastShapes) && ++changes % CHANGES_PER_TRIM == 0) {
            LibC.trimMemory();
        }
        lastShapes = shapes;
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

    private OrtSession session(Method method) {
        return sessions.computeIfAbsent(method.name(), name -> RoomyThread.call(() -> open(method)));
    }

    private OrtSession open(Method method) {
        try (var options = new OrtSession.SessionOptions()) {
            options.disablePerSessionThreads();
            // An arena would keep the memory of every shape that it has seen.
            options.setCPUArenaAllocator(false);
            network.parameterNames().stream()
                    .findFirst()
                    .map(weight -> network.weights().info(weight).file())
                    .ifPresent(file -> pointInto(options, file));
            return environment.createSession(OnnxModel.of(network, method).toByteArray(), options);
        } catch (OrtException e) {
            throw new ModelException("weights cannot be read: " + e.getMessage(), e);
        }
    }

    private static void pointInto(OrtSession.SessionOptions options, Path file) {
        try {
            options.addConfigEntry(
                    "session.model_external_initializers_file_folder_path",
                    WeightSlice.folder(file).toString());
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        for (var session : sessions.values()) {
            try {
                session.close();
            } catch (OrtException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }
        LibC.trimMemory();
    }
}
