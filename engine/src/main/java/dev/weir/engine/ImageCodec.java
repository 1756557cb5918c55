package dev.weir.engine;

import java.util.List;
import java.util.Optional;

/** The autoencoder between latents and images. One device thread calls it. */
public interface ImageCodec extends AutoCloseable {

    /**
     * What of a picture stays as it is, for a decoder that repaints only the rest.
     *
     * @param mask {@code [height, width]}: 1 where the picture is painted anew, 0 where it stays
     */
    record Known(UnitImage picture, float[] mask) {}

    /**
     * The images of latents of one shape, in order. Empty if a value of the image is not finite.
     *
     * @param latents in the denoiser's scale
     */
    List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents);

    /**
     * The same with a known picture for each latent. A decoder that cannot look at one ({@link #seesKnownPictures}) ignores it.
     */
    default List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents, List<Known> known) {
        return decode(shape, latents);
    }

    default boolean seesKnownPictures() {
        return false;
    }

    /** The latents of pictures of one size, in order. */
    List<LatentDistribution> encode(List<UnitImage> pictures);

    /** Latents that an encoder gave, in the denoiser's scale. */
    float[] normalized(float[] latents);

    /** The same of what an encoder tells of them. */
    LatentDistribution normalized(LatentDistribution latents);

    /** A latent as a PLY file, where latents are points. */
    default Optional<byte[]> points(LatentShape shape, float[] latent) {
        return Optional.empty();
    }

    /** How many image pixels a latent pixel spans in each direction: 8 for the Stable Diffusion family. */
    int scale();

    @Override
    void close();
}
