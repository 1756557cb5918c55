package dev.weir.engine;

/**
 * The shape of one latent, {@code [channels, height, width]}, without the batch.
 *
 * @param channels latent channels, 4 for the models of the Stable Diffusion family
 * @param height in latent pixels
 * @param width in latent pixels
 */
public record LatentShape(int channels, int height, int width) {

    public LatentShape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "a latent shape needs positive sides, not [%d, %d, %d]".formatted(channels, height, width));
        }
    }

    /** The number of values in one latent of this shape. */
    public int size() {
        return Math.multiplyExact(Math.multiplyExact(channels, height), width);
    }
}
