package dev.weir.engine.noise;

/**
 * The position of a {@link TorchGenerator} in its stream: everything that another node needs to continue drawing.
 *
 * @param seed of the stream
 * @param drawn 32-bit words drawn since the seed
 * @param spare the unused second half of a pair of small draws; NaN if there is none
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
