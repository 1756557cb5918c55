package dev.weir.engine.weights;

import java.nio.file.Path;

/**
 * Where one tensor lies in a safetensors file.
 *
 * @param file that it lies in or was made of
 * @param offset of its first byte in the file, or {@link #MADE}
 * @param length in bytes
 */
public record TensorInfo(String name, WeightType type, long[] shape, Path file, long offset, long length) {

    /** The offset of a tensor whose bytes are not in the file as they are: {@link Weights#bytes} makes them. */
    public static final long MADE = -1;

    public boolean isInFile() {
        return offset != MADE;
    }
}
