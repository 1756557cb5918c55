package dev.weir.engine.noise;

/**
 * Where a {@link TorchGenerator} is in its stream: all that another node needs to draw on from there.
 *
 * @param seed of the stream
 * @param drawn 32-bit words drawn since the seed
 * @param spare the second half of a pair of small draws that waits for the next small draw; NaN where none does
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
