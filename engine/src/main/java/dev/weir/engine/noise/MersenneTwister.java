package dev.weir.engine.noise;

/**
 * The 32-bit Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded like PyTorch's {@code at::mt19937}: with
 * the low 32 bits of the seed. It counts its draws, so that a position in the stream can be restored. Not thread-safe.
 */
final class MersenneTwister {

    private static final int WORDS = 624;
    private static final int MIDDLE = 397;
    private static final int TWIST = 0x9908B0DF;
    private static final int SEED_MULTIPLIER = 1812433253;
    private static final int LOW_BITS = 0x7FFFFFFF;

    private final int[] words = new int[WORDS];
    private int next = WORDS;
    private long drawn;

    MersenneTwister(long seed) {
        words[0] = (int) seed;
        for (int i = 1; i < WORDS; i++) {
            words[i] = SEED_MULTIPLIER * (words[i - 1] ^ words[i - 1] >>> 30) + i;
        }
    }

    /** The next 32 bits. */
    int next() {
        if (next == WORDS) {
            refill();
        }
        drawn++;
        int word = words[next++];
        word ^= word >>> 11;
        word ^= word << 7 & 0x9D2C5680;
        word ^= word << 15 & 0xEFC60000;
        return word ^ word >>> 18;
    }

    /** How many times {@link #next} was called. */
    long drawn() {
        return drawn;
    }

    /** The same as so many calls of {@link #next}, without their results. */
    void skip(long count) {
        drawn += count;
        for (long left = count; left > 0; ) {
            if (next == WORDS) {
                refill();
            }
            int skipped = (int) Math.min(left, WORDS - next);
            next += skipped;
            left -= skipped;
        }
    }

    private void refill() {
        for (int i = 0; i < WORDS; i++) {
            int pair = words[i] & ~LOW_BITS | words[(i + 1) % WORDS] & LOW_BITS;
            words[i] = words[(i + MIDDLE) % WORDS] ^ pair >>> 1 ^ ((pair & 1) == 0 ? 0 : TWIST);
        }
        next = 0;
    }
}
