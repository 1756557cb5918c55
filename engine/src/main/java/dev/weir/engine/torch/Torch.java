package dev.weir.engine.torch;

import ai.djl.engine.Engine;
import dev.weir.engine.Offline;

/**
 * Starts libtorch through DJL, once a process: offline, without telemetry, with a set number of threads. Any thread.
 */
public final class Torch {

    /** How many threads one forward may use; read when the first network is loaded. Default: all processors. */
    public static final String THREADS_PROPERTY = "weir.torch.threads";

    private static final String SPIN_COUNT = "1000";

    private Torch() {}

    /** The engine, started if it was not. */
    static Engine engine() {
        return Started.ENGINE;
    }

    private static final class Started {
        static final Engine ENGINE = start();

        private static Engine start() {
            Offline.enforce();
            limitSpinning();
            setUnlessSet(
                    "ai.djl.pytorch.num_threads",
                    System.getProperty(
                            THREADS_PROPERTY,
                            Integer.toString(Runtime.getRuntime().availableProcessors())));
            setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
            setUnlessSet("ai.djl.pytorch.graph_optimizer", "false");
            return Engine.getEngine("PyTorch");
        }

        /**
         * libtorch's threads spin at the end of every operation until the last is done, which on a busy processor is when
         * the scheduler lets it: a forward then takes 30 times as long as on one thread. So they spin for some 50
         * microseconds at most, then sleep. libgomp reads this from its environment as it is loaded.
         */
        private static void limitSpinning() {
            LibC.setEnvironment("GOMP_SPINCOUNT", SPIN_COUNT);
        }

        private static void setUnlessSet(String property, String value) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, value);
            }
        }
    }
}
