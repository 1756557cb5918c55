package dev.weir.engine.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.LibC;
import dev.weir.engine.torch.Torch;
import java.util.List;
import java.util.Map;

/** One method of a network as a session of ONNX Runtime, with threads and an arena of its own. One device thread owns it. */
final class OnnxMethod implements AutoCloseable {

    /**
     * A thread that waits for work of its own forward spins for so many microseconds, then sleeps. Waking a thread takes as long as
     * many operations. 100 microseconds cover the longest run of small operations that one thread computes alone. On a busy
     * processor, a spinning thread takes the core from the thread that it waits for: with 400, forwards took four times as long.
     */
    private static final int SPIN_MICROS = 100;

    private final OrtSession session;
    private final Workers workers;
    private final OrtSession.RunOptions emptying;
    private final Arena arena = new Arena();

    private OnnxMethod(OrtSession session, Workers workers, OrtSession.RunOptions emptying) {
        this.session = session;
        this.workers = workers;
        this.emptying = emptying;
    }

    /**
     * On a {@link RoomyThread}. Throws ModelException where the weights cannot be read.
     *
     * @param kernels of the network, which stay open as long as its methods; gets those of this method that others have not
     */
    static OnnxMethod open(Script network, Method method, Kernels kernels, ComputeTarget target) {
        try (var options = new OrtSession.SessionOptions()) {
            spin(options);
            if (target.isCuda()) {
                CudaProvider.add(options, target);
            }
            // Weights stay as long as the session does, so the arena must not hold them.
            options.addConfigEntry("session.use_device_allocator_for_initializers", "1");
            var folder = network.parameterNames().stream()
                    .findFirst()
                    .map(weight ->
                            WeightSlice.folder(network.weights().info(weight).file()));
            if (folder.isPresent()) {
                options.addConfigEntry(
                        "session.model_external_initializers_file_folder_path",
                        folder.get().toString());
            }
            var emptying = new OrtSession.RunOptions();
            emptying.addRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
            // A method may be opened long after its network, and its file be another one by then.
            network.weights().requireUnchanged();
            var model = OnnxModel.of(network, method, kernels);
            for (var kernel : kernels.in(model).entrySet()) {
                options.addInitializer(kernel.getKey(), kernel.getValue());
            }
            var session = Ort.environment().createSession(model.toByteArray(), options);
            var opened = new OnnxMethod(session, Workers.startedByThisThread(), emptying);
            network.weights().requireUnchanged();
            return opened;
        } catch (OrtException e) {
            throw new ModelException("weights cannot be read: " + e.getMessage(), e);
        }
    }

    private static void spin(OrtSession.SessionOptions options) throws OrtException {
        options.setIntraOpNumThreads(Torch.threads());
        options.setInterOpNumThreads(1);
        options.addConfigEntry("session.intra_op.spin_duration_us", Integer.toString(SPIN_MICROS));
        // Other stages' forwards need the processor in between.
        options.addConfigEntry("session.force_spinning_stop", "1");
    }

    OrtSession.Result run(Map<String, OnnxTensor> inputs, List<Feed> feeds) throws OrtException {
        workers.place();
        var isEmptied = arena.isEmptiedAfter(feeds.get(0).shape());
        var results = isEmptied ? session.run(inputs, emptying) : session.run(inputs);
        workers.look();
        if (isEmptied) {
            LibC.trimMemory();
        }
        return results;
    }

    Workers workers() {
        return workers;
    }

    @Override
    public void close() {
        try {
            emptying.close();
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
