package dev.weir.engine.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.weir.engine.Natives;
import dev.weir.engine.torch.Torch;

/** Starts ONNX Runtime, once a process, with one pool of threads for all networks. Any thread. */
final class Ort {

    private static OrtEnvironment environment;

    private Ort() {}

    /** Throws IllegalStateException that names the native library that does not load. */
    static synchronized OrtEnvironment environment() {
        if (environment == null) {
            environment = RoomyThread.call(Ort::start);
        }
        return environment;
    }

    private static OrtEnvironment start() {
        Natives.configure();
        try (var threads = new OrtEnvironment.ThreadingOptions()) {
            threads.setGlobalIntraOpNumThreads(Torch.threads());
            threads.setGlobalInterOpNumThreads(1);
            // A thread that waits for the others sleeps: a spinning one takes the processor from other stages.
            threads.setGlobalSpinControl(false);
            return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "weir", threads);
        } catch (LinkageError | OrtException e) {
            throw new IllegalStateException(Natives.problem(e), e);
        }
    }
}
