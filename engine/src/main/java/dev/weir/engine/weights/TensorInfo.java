package dev.weir.engine.weights;

import java.nio.file.Path;

/**
 * Where one tensor lies in a safetensors file.
 *
 * @param offset of its first byte in the file
 * @param length in bytes
 */
public record TensorInfo(String name, WeightType type, long[] shape, Path file, long offset, long length) {}
