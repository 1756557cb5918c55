package dev.weir.engine.noise;

/**
 * The position in a {@link NoiseStream}.
 *
 * @param seed of the stream, an unsigned number
 * @param drawn 32-bit words drawn since the seed; on CUDA, by each thread: PyTorch's offset
 * @param spare the unused second half of a pair of small draws of the CPU generator; NaN if there is none
 */
public record NoisePosition(long seed, long drawn, double spare) {

    public NoisePosition {
        if (drawn < 0) {
            throw new IllegalArgumentException("drawn must not be negative: " + drawn);
        }
    }

    /** The start of a seed's stream. */
    public static NoisePosition start(long seed) {
        return new NoisePosition(seed, 0, Double.NaN);
    }
}
