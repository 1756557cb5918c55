package dev.weir.engine.noise;

/** A row's own stream of unit normal numbers. Not thread-safe: one row, one thread at a time. */
public interface NoiseSource {

    /** The next {@code count} numbers of the stream, drawn as one tensor. */
    float[] normal(int count);
}
