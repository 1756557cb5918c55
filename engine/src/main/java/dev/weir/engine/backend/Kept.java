package dev.weir.engine.backend;

import java.nio.ByteBuffer;

/**
 * An input that stays from forward to forward.
 *
 * @param values fp32 in native order, in native memory. A back end may read them in place, so they change only between forwards and
 *     are then kept again
 */
public record Kept(ByteBuffer values, long[] shape) {}
