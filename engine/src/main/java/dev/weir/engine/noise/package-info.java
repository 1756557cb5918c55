/**
 * Noise: each sample's own stream of normal numbers, drawn from its seed like PyTorch's generator on a CPU or on
 * CUDA, and continued from a {@link dev.weir.engine.noise.NoisePosition}.
 */
package dev.weir.engine.noise;
