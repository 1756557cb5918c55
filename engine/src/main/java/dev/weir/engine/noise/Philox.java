package dev.weir.engine.noise;

/**
 * The counter-based random numbers Philox 4x32-10 (Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3):
 * a seed, a subsequence and a place in it give four words, without any state.
 */
final class Philox {

    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;

    private Philox() {}

    /** Four 32-bit words. The arguments are unsigned. */
    static int[] words(long seed, long subsequence, long place) {
        int x = (int) place;
        int y = (int) (place >>> 32);
        int z = (int) subsequence;
        int w = (int) (subsequence >>> 32);
        int key0 = (int) seed;
        int key1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * Integer.toUnsignedLong(x);
            long product1 = MULTIPLIER_1 * Integer.toUnsignedLong(z);
            x = (int) (product1 >>> 32) ^ y ^ key0;
            y = (int) product1;
            z = (int) (product0 >>> 32) ^ w ^ key1;
            w = (int) product0;
            key0 += WEYL_0;
            key1 += WEYL_1;
        }
        return new int[] {x, y, z, w};
    }
}
