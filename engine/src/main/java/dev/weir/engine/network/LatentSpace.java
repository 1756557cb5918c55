package dev.weir.engine.network;

/**
 * The latents of an autoencoder.
 *
 * @param scale picture pixels of a latent pixel each way
 */
public record LatentSpace(int channels, int scale) {}
