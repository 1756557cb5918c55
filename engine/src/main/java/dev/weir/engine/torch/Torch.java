package dev.weir.engine.torch;

import ai.djl.engine.Engine;
import dev.weir.engine.Offline;

/**
 * Starts libtorch through DJL, once a process: offline, without telemetry, with a set number of threads. Any thread.
 */
public final class Torch {

    /** How many threads one forward may use; read when the first network is loaded. Default: all processors. */
    public static final String THREADS_PROPERTY = "weir.torch.threads";

    private Torch() {}

    /** The engine, started if it was not. */
    static Engine engine() {
        return Started.ENGINE;
    }

    private static final class Started {
        static final Engine ENGINE = start();

        private static Engine start() {
            Offline.enforce();
            setUnlessSet(
                    "ai.djl.pytorch.num_threads",
                    System.getProperty(
                            THREADS_PROPERTY,
                            Integer.toString(Runtime.getRuntime().availableProcessors())));
            setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
            return Engine.getEngine("PyTorch");
        }

        private static void setUnlessSet(String property, String value) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, value);
            }
        }
    }
}
