package dev.weir.engine;

/** Tells numbers from NaN and infinities, which mean that a network or a sampler has failed. Stateless; any thread. */
public final class Finite {

    private static final int MAGNITUDE = 0x7fff_ffff;
    private static final int INFINITY = 0x7f80_0000;

    private Finite() {}

    /**
     * Whether all values are finite. Of bits without a sign, those of infinity and of every NaN are the largest. A maximum
     * of integers is vectorized, so that a latent of 16384 numbers takes a few microseconds.
     */
    public static boolean all(float[] values) {
        int largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Float.floatToRawIntBits(value) & MAGNITUDE);
        }
        return largest < INFINITY;
    }
}
