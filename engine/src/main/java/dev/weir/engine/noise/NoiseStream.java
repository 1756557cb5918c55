package dev.weir.engine.noise;

/** A {@link NoiseSource} whose position another node can take over. */
public sealed interface NoiseStream extends NoiseSource permits TorchGenerator, CudaGenerator, ComfyNoise {

    /** With the stream's kind, everything that another node needs to continue drawing. */
    NoisePosition position();

    /** Whether the latents of an image in are drawn from their distribution; otherwise they are its most likely ones. */
    default boolean drawsPictures() {
        return true;
    }

    /** A stream of the same kind that continues at this position. */
    NoiseStream at(NoisePosition position);
}
