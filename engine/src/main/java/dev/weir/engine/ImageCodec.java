package dev.weir.engine;

import java.util.List;
import java.util.Optional;

/**
 * The autoencoder between latents and images. Latents have the denoiser's scale: the model's scaling factor is applied
 * inside. One device thread calls it.
 */
public interface ImageCodec extends AutoCloseable {

    /** The images of latents of one shape, in order, in one forward pass. Empty if a value of the image is not finite. */
    List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents);

    /** The mean latents of images of one size, in order, in one forward pass. */
    List<float[]> encode(List<RgbImage> images);

    /** How many image pixels a latent pixel spans in each direction: 8 for the Stable Diffusion family. */
    int scale();

    @Override
    void close();
}
