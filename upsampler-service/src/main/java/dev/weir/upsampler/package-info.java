/** The upsampler stage, the second model of a cascade: from a small latent to a larger one, step by step. */
package dev.weir.upsampler;
