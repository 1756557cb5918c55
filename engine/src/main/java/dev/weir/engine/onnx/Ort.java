package dev.weir.engine.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import dev.weir.engine.Natives;
import dev.weir.engine.torch.LibC;

/** Starts ONNX Runtime, once a process. Any thread. */
final class Ort {

    private static final String NAME = "weir";
    /** To map a buffer of this size costs little beside what a network computes with it. */
    private static final int LARGE_BUFFER_BYTES = 4 << 20;

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
        forbidTelemetry();
        LibC.returnLargeBuffers(LARGE_BUFFER_BYTES);
        try {
            var started = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, NAME);
            keepThroughShutdown();
            return started;
        } catch (LinkageError | ReflectiveOperationException e) {
            throw new IllegalStateException(Natives.problem(e), e);
        }
    }

    /**
     * Without this, the library writes an identifier of this machine and a database into the home folder, a log into /tmp, and
     * sends events to its maker. It reads the variable from its environment when it starts.
     */
    private static void forbidTelemetry() {
        try {
            LibC.setEnvironment("ORT_DISABLE_TELEMETRY", "1");
        } catch (LinkageError e) {
            throw new IllegalStateException(Natives.problem(e), e);
        }
    }

    /**
     * Takes a second reference to the native environment. A shutdown hook of the library gives back the first as soon as the JVM is
     * told to end, and the process would crash in the forwards with which a node drains. The library has no public way for this.
     */
    private static void keepThroughShutdown() throws ReflectiveOperationException {
        var api = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("ortApiHandle");
        api.setAccessible(true);
        var create = OrtEnvironment.class.getDeclaredMethod("createHandle", long.class, int.class, String.class);
        create.setAccessible(true);
        create.invoke(null, api.getLong(null), OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR.getValue(), NAME);
    }
}
