package dev.weir.engine;

/**
 * Keeps DJL from the network: no native library is downloaded, nobody is told that an engine started.
 *
 * <p>To be called before the first use of any DJL class that loads native code. What an operator set stays as set. Any
 * thread.
 */
public final class Offline {

    private Offline() {}

    public static void enforce() {
        setUnlessSet("ai.djl.offline", "true");
        setUnlessSet("OPT_OUT_TRACKING", "true");
        // Else the tokenizers' native library is looked for in a build for this machine's CUDA, which is not in the
        // jar.
        setUnlessSet("RUST_FLAVOR", "cpu");
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }
}
