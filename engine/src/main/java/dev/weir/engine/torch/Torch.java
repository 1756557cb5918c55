package dev.weir.engine.torch;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import dev.weir.engine.Natives;

/**
 * Starts libtorch through DJL, once a process: offline, without telemetry, with a set number of threads. Any thread.
 */
public final class Torch {

    /** How many threads one forward may use; read when the first network is loaded. Default: all processors. */
    public static final String THREADS_PROPERTY = "weir.torch.threads";

    private static final String SPIN_COUNT = "1000";

    private static Engine engine;

    private Torch() {}

    /** The engine, started if it was not. Throws IllegalStateException that names the native library that does not load. */
    static synchronized Engine engine() {
        if (engine == null) {
            engine = start();
        }
        return engine;
    }

    private static Engine start() {
        Natives.configure();
        Natives.requireKnownLibtorch();
        setUnlessSet("ai.djl.pytorch.num_threads", Integer.toString(threads()));
        setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
        setUnlessSet("ai.djl.pytorch.graph_optimizer", "false");
        try {
            limitSpinning();
            return Engine.getEngine("PyTorch");
        } catch (LinkageError | EngineException | IllegalStateException e) {
            throw new IllegalStateException(Natives.problem(e), e);
        }
    }

    /**
     * libtorch's threads spin at the end of every operation until the last is done, which on a busy processor is when
     * the scheduler lets it: a forward then takes 30 times as long as on one thread. So they spin for some 50
     * microseconds at most, then sleep. libgomp reads this from its environment as it is loaded.
     */
    private static void limitSpinning() {
        LibC.setEnvironment("GOMP_SPINCOUNT", SPIN_COUNT);
    }

    /** How many threads one forward may use, on either engine. */
    public static int threads() {
        return Integer.getInteger(THREADS_PROPERTY, Runtime.getRuntime().availableProcessors());
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
