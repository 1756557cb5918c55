package dev.weir.engine;

import java.util.List;

/**
 * The autoencoder between latents and pictures. Latents are in the denoiser's scale: the model's scaling
 * factor is applied inside. One device thread calls it.
 */
public interface ImageCodec extends AutoCloseable {

    /** Pictures of latents of one shape, in order, in one forward. */
    List<RgbImage> decode(LatentShape shape, List<float[]> latents);

    /** The mean latents of pictures of one size, in order, in one forward. */
    List<float[]> encode(List<RgbImage> images);

    /** How many picture pixels a latent pixel spans each way, 8 for the Stable Diffusion family. */
    int scale();

    @Override
    void close();
}
