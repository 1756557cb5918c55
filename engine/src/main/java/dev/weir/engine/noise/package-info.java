/**
 * Noise: each sample's own stream of normal numbers, drawn from its seed as PyTorch's CPU generator draws them, and taken
 * up again from a {@link dev.weir.engine.noise.NoisePosition}.
 */
package dev.weir.engine.noise;
