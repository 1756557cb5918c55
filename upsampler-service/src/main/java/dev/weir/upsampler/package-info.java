/** The second model of a cascade: a small latent to a larger one, step by step. */
package dev.weir.upsampler;
